import type { Task } from '../../core/task.ts';
import type { Units } from './units.ts';
import { createRarity, overlap, type Rarity, wordsOf } from './words.ts';

export type Concern = {
  /** Kinds by how much the statement concerns them, 0..1; none for general advice. */
  readonly kinds: ReadonlyMap<number, number>;
  /** The kind that it concerns most; -1 for general advice. */
  readonly main: number;
  /** Rarity-weighted share of its words that stand in tasks and expected answer of that kind. */
  readonly fit: number;
};

/** What texts are about, by the words that they share with tasks and with each other. */
export type Meanings = {
  /** Rarity-weighted overlap of two sets of words, 0..1. */
  similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number;
  /**
   * How alike two texts are if they are wordings of one meaning or contradict each other; undefined if they are neither.
   * `isOfOneKind`: both concern the same kind most.
   */
  sameness(a: ReadonlySet<string>, b: ReadonlySet<string>, isOfOneKind: boolean): number | undefined;
  /** @param evidence kinds that failed in the rollouts from which the text was derived */
  concern(words: ReadonlySet<string>, evidence: ReadonlySet<number>): Concern;
  /** These are all statements: what is common in advice counts less from now on. */
  weigh(statements: readonly ReadonlySet<string>[]): void;
  /** From now on texts concern the kinds of these units. */
  use(units: Units): void;
};

/** From this rarity-weighted overlap on two statements of one kind are wordings of one meaning. */
const SAME_MEANING = 0.35;
/** For general advice, and across kinds. */
const SAME_ADVICE = 0.6;
/** A word that a larger share of the inputs has tells no tasks apart. */
const MOST_OF_A_SCOPE = 0.5;
/** A statement of which a smaller share stands in any kind's tasks and answers is general advice. */
const SPECIFIC = 0.25;
/** Of the best fit, what a kind must reach to be concerned. */
const CONCERNED = 0.6;
/** Added to the fit of kinds that failed in the rollouts from which the statement was derived, where there is any fit. */
const EVIDENCE_BONUS = 0.15;
const ANY_FIT = 0.1;
/** How fast concern falls with the fit: a kind that fits half as well as the best one is concerned by an eighth. */
const SHARPNESS = 3;

export function createMeanings(train: readonly Task[], initial: Units): Meanings {
  let units = initial;
  const taskWords = train.map((task) =>
    wordsOf([task.input, task.expected ?? '', ...task.context.map(({ content }) => content)].join('\n')),
  );
  let rarity: Rarity = createRarity(taskWords);

  const tasksWith = new Map<string, number>();
  for (const { input } of train) for (const word of wordsOf(input)) tasksWith.set(word, (tasksWith.get(word) ?? 0) + 1);
  const isScope = (word: string): boolean => {
    const count = tasksWith.get(word) ?? 0;
    return count > 0 && count <= MOST_OF_A_SCOPE * train.length;
  };

  /**
   * Whether each text names something that only some tasks have and the other one does not name: "For refunds answer with REF"
   * and "For logins answer with LOG" are two rules, however many words they share.
   */
  function areApart(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
    const names = (words: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
      [...words].some((word) => !other.has(word) && isScope(word));
    return names(a, b) && names(b, a);
  }

  function fitOf(words: ReadonlySet<string>, kind: Units['kinds'][number]): number {
    let common = 0;
    let all = 0;
    for (const word of words) {
      const weight = rarity(word);
      all += weight;
      common += weight * (kind.words.get(word) ?? 0);
    }
    return all === 0 ? 0 : common / all;
  }

  const similarity = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => overlap(a, b, rarity);

  return {
    similarity,
    sameness(a, b, isOfOneKind) {
      if (!isOfOneKind && areApart(a, b)) return undefined;
      const alike = similarity(a, b);
      return alike >= (isOfOneKind ? SAME_MEANING : SAME_ADVICE) ? alike : undefined;
    },
    concern(words, evidence) {
      const lexical = units.kinds.map((kind) => fitOf(words, kind));
      const fits = lexical.map((fit, kind) => fit + (fit > ANY_FIT && evidence.has(kind) ? EVIDENCE_BONUS : 0));
      const main = fits.reduce((best, fit, kind) => (fit > (fits[best] ?? 0) ? kind : best), -1);
      const most = fits[main] ?? 0;
      if (most < SPECIFIC) return { kinds: new Map(), main: -1, fit: most };
      const kinds = new Map<number, number>();
      fits.forEach((fit, kind) => {
        if (fit >= CONCERNED * most) kinds.set(kind, (fit / most) ** SHARPNESS);
      });
      return { kinds, main, fit: lexical[main] ?? 0 };
    },
    weigh(statements) {
      rarity = createRarity([...statements, ...taskWords]);
    },
    use(next) {
      units = next;
    },
  };
}
