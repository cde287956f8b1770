import type { Random } from '../../core/random.ts';
import { DECOYS, FRAMES, PLATITUDES, SCOPE_PHRASES, TAILS } from './advice.ts';
import { BEHAVIOURS } from './behaviours.ts';
import { SCOPES } from './scopes.ts';

/**
 * The paraphrase grammar, both ways: statements to words, and the words of a prompt to what they mean. It knows the
 * language, not any world: whether a statement is right is not decided here.
 */
export type Statement = {
  /** Null: said without a scope, for everything. */
  readonly scope: string | null;
  readonly behaviour: string;
  /** Null: advice in the right direction that leaves the point open. */
  readonly argument: string | null;
  readonly negated: boolean;
};

/** What one clause of a text says. A clause may say several things, or nothing that the grammar knows. */
export type Clause = {
  /** As it stands in the text, without its list marker. */
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly decoys: readonly string[];
  readonly frames: readonly string[];
};

export function statementKey(statement: Statement): string {
  return `${statement.negated ? '!' : ''}${statement.scope ?? '*'}/${statement.behaviour}/${statement.argument ?? '~'}`;
}

/** Lower case words separated by single spaces, with a space at both ends, so that a phrase matches whole words. */
export function normalise(text: string): string {
  return ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()} `;
}

const LIST_MARKER =
  /^\s*(?:>\s*)*(?:#{1,6}\s+|[-*+•–—]\s+|\(?\d{1,3}[.):]\s+|\[?\(?(?:[a-z]{1,2}-?)?\d{1,4}\]\)?:?\s*|[a-z]-?\d{1,3}[.:)]\s+)?/i;

/** Splits a text into lines and sentences; headings (lines that end with a colon) and empty pieces are left out. */
export function splitClauses(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(LIST_MARKER, '').replace(/^[*_"'“”`]+(?=\S)/, ''))
    .filter((line) => !/:\s*[*_]*$/.test(line))
    .flatMap((line) => line.split(/(?<=[.!?;])["'”*_]*\s+/))
    .map((clause) => clause.trim().replace(/[;"'“”*_`]+$/, ''))
    .filter((clause) => /\p{L}{2}/u.test(clause));
}

type Phrase<T> = { readonly phrase: string; readonly value: T };

const NOUNS: readonly Phrase<string>[] = SCOPES.flatMap(({ id, nouns }) =>
  nouns.map((noun) => ({ phrase: normalise(noun), value: id })),
);
const STATED: readonly Phrase<{ behaviour: string; argument: string | null }>[] = BEHAVIOURS.flatMap((behaviour) => [
  ...Object.keys(behaviour.forms).flatMap((argument) =>
    behaviour.wordings.map((wording) => ({
      phrase: normalise(wording.replace('{a}', argument)),
      value: { behaviour: behaviour.id, argument },
    })),
  ),
  { phrase: normalise(behaviour.vague), value: { behaviour: behaviour.id, argument: null } },
]);
const DECOY_PHRASES = DECOYS.flatMap(({ id, wordings }) =>
  wordings.map((wording) => ({ phrase: normalise(wording), value: id })),
);
const FRAME_PHRASES = FRAMES.map(({ id, text }) => ({ phrase: normalise(text), value: id }));
const NEGATION = / (?:do not|don t|never|avoid|stop|no longer|refrain)(?: \S+){0,2} $/;

/** Reads one clause; the result does not depend on list style, quotes, case or the order of its parts. */
export function readClause(text: string): Clause {
  const known = clauseMemory.get(text);
  if (known !== undefined) return known;
  if (clauseMemory.size >= CLAUSES_REMEMBERED) clauseMemory.clear();
  // A copy: a slice would keep the whole prompt that it was cut from.
  const copy = Buffer.from(text).toString();
  const clause = parseClause(copy);
  clauseMemory.set(copy, clause);
  return clause;
}

/** Prompts share most of their sentences. */
const CLAUSES_REMEMBERED = 5000;
const clauseMemory = new Map<string, Clause>();

function parseClause(text: string): Clause {
  const words = normalise(text);
  const scopes = [...new Set(matches(NOUNS, words))];
  const statements = STATED.flatMap(({ phrase, value }) => {
    const at = words.indexOf(phrase);
    if (at < 0) return [];
    const negated = NEGATION.test(words.slice(0, at + 1));
    return (scopes.length === 0 ? [null] : scopes).map((scope) => ({ scope, ...value, negated }));
  });
  return { text, statements, decoys: matches(DECOY_PHRASES, words), frames: matches(FRAME_PHRASES, words) };
}

function matches<T>(phrases: readonly Phrase<T>[], words: string): T[] {
  return phrases.filter(({ phrase }) => words.includes(phrase)).map(({ value }) => value);
}

export function readClauses(text: string): Clause[] {
  return splitClauses(text).map(readClause);
}

/** Whether the grammar knows the clause as advice: a statement, harmful advice or a platitude. */
export function isAdvice(clause: Clause): boolean {
  return clause.statements.length > 0 || clause.decoys.length > 0 || isPlatitude(clause.text);
}

const PLATITUDE_WORDS = PLATITUDES.map(normalise);
function isPlatitude(text: string): boolean {
  const words = normalise(text);
  return PLATITUDE_WORDS.some((platitude) => words.includes(platitude));
}

/**
 * Words a statement. `freely` draws from the whole grammar, with tails that mean nothing; otherwise the same few wordings
 * come back for the same statement.
 */
export function wordStatement(statement: Statement, random: Random, freely: boolean): string {
  const behaviour = BEHAVIOURS.find(({ id }) => id === statement.behaviour);
  const scope = SCOPES.find(({ id }) => id === statement.scope);
  if (behaviour === undefined) return '';
  const few = <T>(items: readonly T[], count: number): T => random.pick(freely ? items : items.slice(0, count));
  const core =
    statement.argument === null
      ? behaviour.vague
      : few(behaviour.wordings, 2).replace('{a}', () => statement.argument ?? '');
  const negation = statement.negated ? 'do not ' : '';
  const where = scope === undefined ? '' : few(SCOPE_PHRASES, 1).replace('{n}', () => few(scope.nouns, 1));
  const tail = freely && random.next() < 0.5 ? `, ${random.pick(TAILS)}` : '';
  const said = `${negation}${core}`;
  if (where === '') return sentence(`${said}${tail}`);
  return sentence(freely && random.next() < 0.5 ? `${said} ${where}${tail}` : `${where}, ${said}${tail}`);
}

/** Upper case at the start, a full stop at the end. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
