import { type Piece, splitPrompt } from '../../core/statements.ts';
import type { Task } from '../../core/task.ts';
import type { Units } from './units.ts';
import { createRarity, overlap, type Rarity, wordsOf } from './words.ts';

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
  /** Kinds that were missed in the rollouts from which it was derived. */
  readonly evidence: ReadonlySet<number>;
  readonly origins: readonly Origin[];
  /** Always in: placeholders, code blocks, what the user protects. */
  readonly fixed: boolean;
  /** Critiques that wanted it changed or removed. */
  readonly objections: number;
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
  /** The statement that says this in the same words. */
  find(text: string): number | undefined;
  /** A critique wants the statement gone. */
  object(index: number): void;
  /** Adds a whole prompt; its statements are looked up in the pool or added. */
  addFrame(prompt: string, origin: Origin, isFixed: (piece: Piece) => boolean): Frame;
  /** Adds a frame of nothing but what must stand in every prompt. */
  addBareFrame(): Frame;
  /** Statements that no frame places are added in the arm's order. */
  render(arm: Arm): string;
  /** Whether two texts are wordings of one meaning, or contradict each other. */
  isSame(a: string, b: string): boolean;
  /** What a statement is about. */
  concern(statement: number): Concern;
  /** From now on statements concern the kinds of these units. */
  use(units: Units): void;
};

export type Concern = {
  /** Kinds by how much the statement concerns them, 0..1; none for general advice. */
  readonly kinds: ReadonlyMap<number, number>;
  /** The kind that it concerns most; -1 for general advice. */
  readonly main: number;
  /** Rarity-weighted share of its words that stand in tasks and expected answer of that kind. */
  readonly fit: number;
};

/** From this rarity-weighted overlap on two statements of one kind are wordings of one meaning. */
const SAME_MEANING = 0.35;
/** For general advice, and across kinds. */
const SAME_ADVICE = 0.6;
/** From here on two texts are one statement. */
const SAME_STATEMENT = 0.9;
/** A word that a larger share of the inputs has tells no tasks apart. */
const MOST_OF_A_SCOPE = 0.5;
/** A statement of which a smaller share stands in any kind's tasks and answers is general advice. */
const SPECIFIC = 0.25;
/** Of the best fit, what a kind must reach to be concerned. */
const CONCERNED = 0.6;
/** Added to the fit of kinds that failed in the rollouts from which the statement was derived. */
const EVIDENCE_BONUS = 0.15;

/** A prompt of more pieces stays as it is: what each of hundreds of sentences does, no budget tells (and fits take cubic time). */
const MOST_PIECES = 120;

export function createPool(train: readonly Task[], initial: Units): Pool {
  let units = initial;
  const taskWords = train.map((task) =>
    wordsOf([task.input, task.expected ?? '', ...task.context.map(({ content }) => content)].join('\n')),
  );
  const statements: Statement[] = [];
  const frames: Frame[] = [];
  const meanings: number[][] = [];
  let rarity: Rarity = createRarity(taskWords);
  const concerns = new Map<number, Concern>();

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

  /** Task words tell what is common in this domain, statements what is common in advice. */
  function refreshRarity(): void {
    const texts = [...statements.map(({ words }) => words), ...taskWords];
    rarity = createRarity(texts);
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

  function concernOf(words: ReadonlySet<string>, evidence: ReadonlySet<number>): Concern {
    const lexical = units.kinds.map((kind) => fitOf(words, kind));
    const fits = lexical.map((fit, kind) => fit + (fit > 0.1 && evidence.has(kind) ? EVIDENCE_BONUS : 0));
    const main = fits.reduce((best, fit, kind) => (fit > (fits[best] ?? 0) ? kind : best), -1);
    const most = fits[main] ?? 0;
    if (most < SPECIFIC) return { kinds: new Map(), main: -1, fit: most };
    const kinds = new Map<number, number>();
    fits.forEach((fit, kind) => {
      if (fit >= CONCERNED * most) kinds.set(kind, (fit / most) ** 3);
    });
    return { kinds, main, fit: lexical[main] ?? 0 };
  }

  function concern(index: number): Concern {
    const known = concerns.get(index);
    if (known !== undefined) return known;
    const { words, evidence } = statements[index] as Statement;
    const found = concernOf(words, evidence);
    concerns.set(index, found);
    return found;
  }

  function closest(words: ReadonlySet<string>): { index: number; similarity: number } {
    let best = { index: -1, similarity: 0 };
    for (const statement of statements) {
      const similarity = overlap(words, statement.words, rarity);
      if (similarity > best.similarity) best = { index: statement.index, similarity };
    }
    return best;
  }

  /** The meaning that a new statement is a wording of, or a new one. */
  function meaningOf(words: ReadonlySet<string>, evidence: ReadonlySet<number>): number {
    const { main } = concernOf(words, evidence);
    let best = { meaning: meanings.length, similarity: 0 };
    for (const statement of statements) {
      if (statement.fixed) continue;
      const isOfOneKind = main >= 0 && concern(statement.index).main === main;
      if (!isOfOneKind && areApart(words, statement.words)) continue;
      const similarity = overlap(words, statement.words, rarity);
      const least = isOfOneKind ? SAME_MEANING : SAME_ADVICE;
      if (similarity >= least && similarity > best.similarity) best = { meaning: statement.meaning, similarity };
    }
    return best.meaning;
  }

  function find(text: string): number | undefined {
    const equal = statements.find((statement) => statement.text === text);
    if (equal !== undefined) return equal.index;
    const near = closest(wordsOf(text));
    return near.similarity >= SAME_STATEMENT ? near.index : undefined;
  }

  function add(
    text: string,
    evidence: Iterable<number>,
    origin: Origin,
    options: { readonly fixed?: boolean } = {},
  ): number {
    const words = wordsOf(text);
    const same = statements[find(text) ?? -1];
    if (same !== undefined) {
      statements[same.index] = {
        ...same,
        evidence: new Set([...same.evidence, ...evidence]),
        origins: [...same.origins, origin],
      };
      concerns.delete(same.index);
      return same.index;
    }
    const index = statements.length;
    const fixed = options.fixed === true;
    const meaning = fixed ? meanings.length : meaningOf(words, new Set(evidence));
    const members = meanings[meaning] ?? [];
    meanings[meaning] = [...members, index];
    statements.push({
      index,
      text,
      words,
      meaning,
      evidence: new Set(evidence),
      origins: [origin],
      fixed,
      objections: 0,
    });
    refreshRarity();
    return index;
  }

  return {
    statements,
    frames,
    meanings,
    add,
    find,
    object(index) {
      const statement = statements[index] as Statement;
      statements[index] = { ...statement, objections: statement.objections + 1 };
    },
    addFrame(prompt, origin, isFixed) {
      const split = splitPrompt(prompt);
      const isLong = split.length > MOST_PIECES;
      const pieces = (isLong ? [{ text: prompt, raw: prompt }] : split).map((piece) => ({
        raw: piece.raw,
        statement:
          /\p{L}/u.test(piece.text) && !/^#{1,6}\s/.test(piece.text)
            ? add(piece.text, [], origin, { fixed: isLong || isFixed(piece) })
            : undefined,
      }));
      const frame = { index: frames.length, origin, pieces };
      frames.push(frame);
      return frame;
    },
    addBareFrame() {
      const pieces = (frames[0]?.pieces ?? []).filter(
        ({ statement }) => statement !== undefined && statements[statement]?.fixed === true,
      );
      const frame = { index: frames.length, origin: { operator: 'bare', critique: '', rollouts: [] }, pieces };
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
    isSame(a, b) {
      const [first, second] = [wordsOf(a), wordsOf(b)];
      const similarity = overlap(first, second, rarity);
      if (similarity < SAME_MEANING) return false;
      const { main } = concernOf(first, new Set());
      if (main >= 0 && concernOf(second, new Set()).main === main) return true;
      return similarity >= SAME_ADVICE && !areApart(first, second);
    },
    concern,
    use(next) {
      units = next;
      concerns.clear();
    },
  };
}

function isBullet(raw: string): boolean {
  return /^\s*(?:[-*•–]|\d{1,2}[.)])\s/.test(raw);
}

function endsWithBullet(text: string): boolean {
  return isBullet(text.slice(text.lastIndexOf('\n') + 1));
}
