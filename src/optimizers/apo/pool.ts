import type { Task } from '../../core/task.ts';
import { type Piece, splitPrompt } from './split.ts';
import { coverage, createRarity, overlap, type Rarity, wordsOf } from './words.ts';

/** Where a statement came from: the explanation of the prompt is made of these. */
export type Origin = {
  /** `start`, `critic`, `editor`, `frame` ... */
  readonly operator: string;
  readonly critique: string;
  /** Ids of the rollouts that were read. */
  readonly rollouts: readonly string[];
};

/** One fact or rule that a prompt may contain. */
export type Statement = {
  readonly index: number;
  readonly text: string;
  readonly words: ReadonlySet<string>;
  /** Statements of one meaning are wordings of each other, or contradict each other; at most one is in a prompt. */
  readonly meaning: number;
  /** Training tasks whose failures it was derived from, by index. */
  readonly evidence: ReadonlySet<number>;
  readonly origins: readonly Origin[];
  /** Always in: placeholders, code blocks, what the user protects. */
  readonly fixed: boolean;
};

/** A whole prompt that statements are put into or taken out of: the starting prompt, or a rewrite by the editor. */
export type Frame = {
  readonly index: number;
  readonly origin: Origin;
  /** Pieces in order; `statement` is undefined for headings and blank lines. */
  readonly pieces: readonly { readonly raw: string; readonly statement: number | undefined }[];
};

/** A prompt as the optimizer thinks of it: a frame, and for each meaning the wording that is in. */
export type Arm = { readonly frame: number; readonly statements: readonly number[] };

export type Pool = {
  readonly statements: readonly Statement[];
  readonly frames: readonly Frame[];
  readonly meanings: readonly (readonly number[])[];
  /** Adds a statement, or more evidence for the one that says the same in the same words. Returns its index. */
  add(text: string, evidence: Iterable<number>, origin: Origin, options?: { readonly fixed?: boolean }): number;
  /** Adds a whole prompt; its statements are looked up in the pool or added. */
  addFrame(prompt: string, origin: Origin, isFixed: (piece: Piece) => boolean): Frame;
  render(arm: Arm): string;
  /** How much a statement concerns a training task, 0..1. */
  relevance(statement: number, task: number): number;
};

/** Rarity-weighted overlap from which two statements have one meaning. Served in the design's prototype. */
export const TUNE: Record<string, number> = JSON.parse(
  (globalThis as unknown as { process: { env: Record<string, string> } }).process['env']['TUNE'] ?? '{}',
);
export const SAME_MEANING = TUNE.same ?? 0.35;
/** From here on two texts are one statement. */
const SAME_STATEMENT = 0.9;

export function createPool(train: readonly Task[]): Pool {
  const taskWords = train.map((task) =>
    wordsOf([task.input, task.expected ?? '', ...task.context.map(({ content }) => content)].join('\n')),
  );
  const statements: Statement[] = [];
  const frames: Frame[] = [];
  const meanings: number[][] = [];
  let rarity: Rarity = createRarity(taskWords);
  const relevances = new Map<number, Float64Array>();

  /** Task words tell what is common in this domain, statements what is common in advice. */
  function refreshRarity(): void {
    const texts = [...statements.map(({ words }) => words), ...taskWords];
    rarity = createRarity(texts);
  }

  function closest(words: ReadonlySet<string>): { index: number; similarity: number } {
    let best = { index: -1, similarity: 0 };
    for (const statement of statements) {
      const similarity = overlap(words, statement.words, rarity);
      if (similarity > best.similarity) best = { index: statement.index, similarity };
    }
    return best;
  }

  function relevancesOf(statement: Statement): Float64Array {
    const known = relevances.get(statement.index);
    if (known !== undefined) return known;
    const lexical = taskWords.map((words) => coverage(statement.words, words, rarity));
    const most = Math.max(TUNE.most ?? 0.15, ...lexical);
    const values = Float64Array.from(lexical, (value, task) =>
      Math.min(1, value / most + (statement.evidence.has(task) ? 0.5 : 0)),
    );
    relevances.set(statement.index, values);
    return values;
  }

  function add(
    text: string,
    evidence: Iterable<number>,
    origin: Origin,
    options: { readonly fixed?: boolean } = {},
  ): number {
    const words = wordsOf(text);
    const near = closest(words);
    const same =
      statements.find((statement) => statement.text === text) ??
      (near.similarity >= SAME_STATEMENT ? statements[near.index] : undefined);
    if (same !== undefined) {
      statements[same.index] = {
        ...same,
        evidence: new Set([...same.evidence, ...evidence]),
        origins: [...same.origins, origin],
      };
      relevances.delete(same.index);
      return same.index;
    }
    const index = statements.length;
    const fixed = options.fixed === true;
    const neighbour = near.similarity >= SAME_MEANING && !fixed ? statements[near.index] : undefined;
    const meaning = neighbour === undefined || neighbour.fixed ? meanings.length : neighbour.meaning;
    const members = meanings[meaning] ?? [];
    meanings[meaning] = [...members, index];
    statements.push({ index, text, words, meaning, evidence: new Set(evidence), origins: [origin], fixed });
    refreshRarity();
    return index;
  }

  return {
    statements,
    frames,
    meanings,
    add,
    addFrame(prompt, origin, isFixed) {
      const pieces = splitPrompt(prompt).map((piece) => ({
        raw: piece.raw,
        statement:
          /\p{L}/u.test(piece.text) && !/^#{1,6}\s/.test(piece.text)
            ? add(piece.text, [], origin, { fixed: isFixed(piece) })
            : undefined,
      }));
      const frame = { index: frames.length, origin, pieces };
      frames.push(frame);
      return frame;
    },
    render({ frame, statements: chosen }) {
      const wanted = new Map(chosen.map((index) => [(statements[index] as Statement).meaning, index]));
      const used = new Set<number>();
      const body = (frames[frame] as Frame).pieces
        .map(({ raw, statement: index }) => {
          if (index === undefined) return raw;
          const statement = statements[index] as Statement;
          if (statement.fixed) return raw;
          const choice = wanted.get(statement.meaning);
          if (choice === undefined || used.has(choice)) return /\n$/.test(raw) && !isBullet(raw) ? '\n' : '';
          used.add(choice);
          return choice === index ? raw : raw.replace(statement.text, () => (statements[choice] as Statement).text);
        })
        .join('');
      const rest = chosen.filter((index) => !used.has(index) && !(statements[index] as Statement).fixed);
      const head = body.replace(/\n{3,}/g, '\n\n').trim();
      if (rest.length === 0) return head;
      const bullets = rest.map((index) => `- ${(statements[index] as Statement).text}`).join('\n');
      return head === '' ? bullets : `${head}${endsWithBullet(head) ? '\n' : '\n\n'}${bullets}`;
    },
    relevance: (statement, task) => relevancesOf(statements[statement] as Statement)[task] ?? 0,
  };
}

function isBullet(raw: string): boolean {
  return /^\s*(?:[-*•–]|\d{1,2}[.)])\s/.test(raw);
}

function endsWithBullet(text: string): boolean {
  return isBullet(text.slice(text.lastIndexOf('\n') + 1));
}
