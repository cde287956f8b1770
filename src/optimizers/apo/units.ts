import type { Task } from '../../core/task.ts';
import { wordsOf } from './words.ts';

/**
 * What is observed of a rollout. A correct answer often has several parts, and a wrong answer often has some of them: each
 * part of the expected answer that was met or missed is an observation of its own, so that a statement that works shows
 * even when something else went wrong. Parts that tasks have in common are one kind. Without expected answers, or where
 * answers show nothing of them, a task is one part and its reward the observation.
 */
export type Kind = {
  readonly index: number;
  /** Words of the expected part, weight 1, and of the inputs of its tasks, by the share of such tasks that have the part. */
  readonly words: ReadonlyMap<string, number>;
  readonly tasks: readonly number[];
};

export type Outcome = {
  /** 0..1 for each kind of the task, in the order of {@link Units.ofTask}. */
  readonly parts: readonly number[];
  /** Reward of an answer that has all parts; undefined when one is missing, or when parts are not told apart. */
  readonly rest: number | undefined;
};

export type Units = {
  readonly mode: 'parts' | 'whole';
  readonly kinds: readonly Kind[];
  /** Kinds that a correct answer to each task needs. */
  readonly ofTask: readonly (readonly number[])[];
  outcome(task: number, answer: string, reward: number): Outcome;
};

export function wholeTasks(train: readonly Task[]): Units {
  const kinds = train.map((task, index) => ({
    index,
    words: new Map([...wordsOf(textOf(task))].map((word) => [word, 1])),
    tasks: [index],
  }));
  return {
    mode: 'whole',
    kinds,
    ofTask: kinds.map(({ index }) => [index]),
    outcome: (_task, _answer, reward) => ({ parts: [reward], rest: undefined }),
  };
}

/** From this share of common words on, two parts are of one kind. */
const SAME_KIND = 0.7;
/** Of the weight of a word of the expected part, what a word of the input has at most. */
const INPUT_WEIGHT = 0.8;

export function answerParts(train: readonly Task[]): Units {
  const kinds: { words: Set<string>; tasks: number[] }[] = [];
  const parts = train.map((task, index) => {
    const input = new Set(tokensOf(textOf({ ...task, expected: null })));
    const own = new Map<number, string>();
    for (const part of splitAnswer(task.expected ?? '')) {
      const tokens = tokensOf(part);
      // What only repeats the input is no part that a prompt could teach.
      if (tokens.every((token) => input.has(token))) continue;
      const words = new Set(tokens.filter((token) => !/\d/.test(token)));
      const found = kinds.findIndex((kind) => jaccard(kind.words, words) >= SAME_KIND);
      const kind = found < 0 ? kinds.push({ words, tasks: [] }) - 1 : found;
      if (own.has(kind)) continue;
      kinds[kind]?.tasks.push(index);
      own.set(kind, ` ${tokens.join(' ')} `);
    }
    return own;
  });
  return {
    mode: 'parts',
    kinds: describeKinds(train, kinds),
    ofTask: parts.map((own) => [...own.keys()]),
    outcome(task, answer, reward) {
      const own = [...(parts[task]?.values() ?? [])];
      if (reward >= 0.999) return { parts: own.map(() => 1), rest: 1 };
      const said = ` ${tokensOf(answer).join(' ')} `;
      const met = own.map((part) => Number(said.includes(part)));
      return { parts: met, rest: met.every((value) => value === 1) ? reward : undefined };
    },
  };
}

/** Answers seen before the two ways to observe are compared. */
const ENOUGH_ANSWERS = 12;

/** Whether answers show the parts of the expected ones: right answers all, wrong answers some. */
export function showsParts(
  { ofTask, outcome }: Units,
  seen: readonly { readonly task: number; readonly answer: string; readonly reward: number }[],
): boolean {
  const wrong = seen.filter(({ task, reward }) => reward < 0.999 && (ofTask[task]?.length ?? 0) > 1);
  const right = seen.filter(({ reward }) => reward >= 0.999);
  if (wrong.length + right.length < ENOUGH_ANSWERS) return true;
  const share = (list: typeof seen, test: (parts: readonly number[]) => boolean): number =>
    list.length === 0
      ? 1
      : list.filter(({ task, answer }) => test(outcome(task, answer, 0).parts)).length / list.length;
  return (
    (wrong.length < ENOUGH_ANSWERS / 2 || share(wrong, (parts) => parts.includes(1)) >= 0.1) &&
    share(right, (parts) => !parts.includes(0)) >= 0.8
  );
}

function describeKinds(
  train: readonly Task[],
  kinds: readonly { readonly words: ReadonlySet<string>; readonly tasks: readonly number[] }[],
): readonly Kind[] {
  const inputs = train.map((task) => wordsOf(textOf({ ...task, expected: null })));
  const tasksWith = new Map<string, number>();
  for (const words of inputs) for (const word of words) tasksWith.set(word, (tasksWith.get(word) ?? 0) + 1);
  return kinds.map(({ words, tasks }, index) => {
    const weights = new Map<string, number>();
    for (const task of tasks) {
      for (const word of inputs[task] ?? [])
        weights.set(word, (weights.get(word) ?? 0) + INPUT_WEIGHT / (tasksWith.get(word) ?? 1));
    }
    for (const word of wordsOf([...words].join(' '))) weights.set(word, 1);
    return { index, words: weights, tasks };
  });
}

function textOf({ input, expected, context }: Pick<Task, 'input' | 'expected' | 'context'>): string {
  return [input, expected ?? '', ...context.map(({ content }) => content)].join('\n');
}

/** Sentences, lines, cells and fields of an answer. */
function splitAnswer(expected: string): readonly string[] {
  return expected.split(/(?<=[.!?;])\s+|[\n|]+/).filter((part) => tokensOf(part).length > 0);
}

function tokensOf(text: string): readonly string[] {
  return (
    text
      .toLowerCase()
      .normalize('NFKC')
      .match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}.,;:!?'"]/gu) ?? []
  );
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 && b.size === 0) return 1;
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  return common / (a.size + b.size - common);
}
