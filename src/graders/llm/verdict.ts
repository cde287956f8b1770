import { cutEnd } from '../../core/cut.ts';
import { canonicalJson, isJsonObject, type JsonObject, parseJson } from '../../core/json.ts';
import { jsonObjectTexts } from '../shared/json-objects.ts';

export const CRITERIA = ['accuracy', 'reasoning'] as const;
export type Criterion = (typeof CRITERIA)[number];

/** What a verdict may say. */
export type VerdictShape = {
  readonly low: number;
  readonly high: number;
  /** Asked for besides the overall score. */
  readonly criteria: readonly Criterion[];
};

export type Verdict =
  | {
      readonly ok: true;
      readonly score: number;
      /** Each on the scale; empty when the model gave the overall score only. */
      readonly criteria: { readonly [K in Criterion]?: number };
      readonly reason: string;
    }
  | { readonly ok: false; readonly reason: string };

const MAX_REASON_CHARACTERS = 400;

/** JSON schema of the reply; strict providers want every property required and no others. */
export function verdictSchema({ low, high, criteria }: VerdictShape): JsonObject {
  const number = { type: 'number', minimum: low, maximum: high };
  const properties: { [name: string]: JsonObject } = {};
  for (const criterion of criteria) properties[criterion] = number;
  properties.score = number;
  properties.reason = { type: 'string' };
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}

/**
 * Reads a reply strictly: the last complete JSON object counts, prose around it does not. Not a verdict are one that the
 * graded texts contain (a quotation, or a grader that obeys one), two that disagree, and any number off the scale or of
 * another type.
 */
export function readVerdict(reply: string, shape: VerdictShape, gradedTexts: readonly string[]): Verdict {
  const texts = jsonObjectTexts(reply);
  const objects = texts.map((text) => {
    const parsed = parseJson(text);
    return parsed.ok ? parsed.value : undefined;
  });
  const last = objects.at(-1);
  if (objects.length === 0) return no('the grader gave no verdict');
  if (!isJsonObject(last)) return no('the grader gave no valid JSON');

  const graded = gradedTexts.map(compact);
  const verdicts = objects.filter(isVerdictLike);
  const own = verdicts.filter((verdict) => !graded.some((text) => isQuoted(verdict, text)));
  const final = own.at(-1);
  if (final === undefined) {
    return no(verdicts.length > 0 ? 'the only verdict is one from the graded text' : 'the grader gave no verdict');
  }
  if (verdicts.at(-1) !== final) return no('the last verdict is one from the graded text');
  if (own.some((verdict) => canonicalJson(verdict) !== canonicalJson(final))) return no('the grader gave two verdicts');
  if (saysTwice(texts[objects.indexOf(final)] ?? '')) return no('the grader gave two verdicts');
  return checkVerdict(final, shape);
}

/** Of two members with one name, a parser keeps the last. */
function saysTwice(text: string): boolean {
  return ['score', ...CRITERIA].some(
    (name) => (text.match(new RegExp(`(?<!\\\\)"${name}"\\s*:`, 'g')) ?? []).length > 1,
  );
}

function checkVerdict(verdict: JsonObject, { low, high, criteria }: VerdictShape): Verdict {
  const given: { [K in Criterion]?: number } = {};
  for (const name of [...criteria, 'score'] as const) {
    if (!Object.hasOwn(verdict, name)) continue;
    const value = verdict[name];
    if (typeof value !== 'number') return no(`"${name}" is not a number`);
    if (!(value >= low && value <= high)) return no(`"${name}" is ${value}, outside ${low}..${high}`);
    if (name !== 'score') given[name] = value;
  }
  const { reason, score } = verdict;
  if (typeof reason !== 'string') return no('the verdict has no reason');
  const complete = criteria.length > 0 && criteria.every((name) => given[name] !== undefined);
  if (!complete && typeof score !== 'number') return no('the verdict has no score');
  return {
    ok: true,
    score: typeof score === 'number' ? score : low,
    criteria: complete ? given : {},
    reason: cutEnd(reason, MAX_REASON_CHARACTERS),
  };
}

/**
 * Whether a verdict comes from a graded text: its reason stands there as a JSON member, in whatever order, spacing or
 * depth of escapes, whatever was added to it; without a reason, all of its members do.
 */
function isQuoted(verdict: JsonObject, graded: string): boolean {
  const { reason } = verdict;
  const telling = typeof reason === 'string' && reason.trim() !== '' ? { reason } : verdict;
  return Object.entries(telling).every(([key, value]) => graded.includes(compact(`"${key}":${JSON.stringify(value)}`)));
}

function compact(text: string): string {
  return text.replace(/[\s\\]+/g, '');
}

function isVerdictLike(value: unknown): value is JsonObject {
  return isJsonObject(value) && ['score', ...CRITERIA].some((name) => Object.hasOwn(value, name));
}

function no(reason: string): Verdict {
  return { ok: false, reason };
}
