import { type Piece, splitPrompt } from '../../core/statements.ts';
import type { Task } from '../../core/task.ts';
import { type Arm, type Frame, type Origin, renderArm, type Statement } from './arm.ts';
import { type Concern, createMeanings } from './meanings.ts';
import type { Units } from './units.ts';
import { wordsOf } from './words.ts';

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

/** From this rarity-weighted overlap on two texts are one statement. */
const SAME_STATEMENT = 0.9;
/** A prompt of more pieces stays as it is: what each of hundreds of sentences does, no budget tells (and fits take cubic time). */
const MOST_PIECES = 120;

export function createPool(train: readonly Task[], units: Units): Pool {
  const about = createMeanings(train, units);
  const statements: Statement[] = [];
  const frames: Frame[] = [];
  const meanings: number[][] = [];
  const concerns = new Map<number, Concern>();

  function concern(index: number): Concern {
    const known = concerns.get(index);
    if (known !== undefined) return known;
    const { words, evidence } = statements[index] as Statement;
    const found = about.concern(words, evidence);
    concerns.set(index, found);
    return found;
  }

  function closest(words: ReadonlySet<string>): { index: number; similarity: number } {
    let best = { index: -1, similarity: 0 };
    for (const statement of statements) {
      const similarity = about.similarity(words, statement.words);
      if (similarity > best.similarity) best = { index: statement.index, similarity };
    }
    return best;
  }

  /** The meaning that a new statement is a wording of, or a new one. */
  function meaningOf(words: ReadonlySet<string>, evidence: ReadonlySet<number>): number {
    const { main } = about.concern(words, evidence);
    let best = { meaning: meanings.length, similarity: 0 };
    for (const statement of statements) {
      if (statement.fixed) continue;
      const isOfOneKind = main >= 0 && concern(statement.index).main === main;
      const similarity = about.sameness(words, statement.words, isOfOneKind) ?? 0;
      if (similarity > best.similarity) best = { meaning: statement.meaning, similarity };
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
    about.weigh(statements.map((statement) => statement.words));
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
    render: (arm) => renderArm(arm, frames[arm.frame] as Frame, statements),
    isSame(a, b) {
      const [first, second] = [wordsOf(a), wordsOf(b)];
      const { main } = about.concern(first, new Set());
      const isOfOneKind = main >= 0 && about.concern(second, new Set()).main === main;
      return about.sameness(first, second, isOfOneKind) !== undefined;
    },
    concern,
    use(next) {
      about.use(next);
      concerns.clear();
    },
  };
}
