import type { JsonObject } from '../core/json.ts';
import { EXPECTED_LISTS } from './answers.ts';

/** Field names that people use for the same thing; the first that has a value counts. */
export const INPUT: readonly string[] = ['task', 'question', 'input', 'prompt'];
export const EXPECTED: readonly string[] = [
  'expected_answer',
  'expected',
  'answer',
  'output',
  // As Langfuse and DeepEval, our own RFT export, and OpenAI's evals call it.
  'expected_output',
  'reference_answer',
  'ideal',
];
export const ID: readonly string[] = ['id', 'task_id'];
/** Where a chat-shaped row keeps its messages: OpenAI, ShareGPT and their relatives. */
export const CHAT: readonly string[] = ['messages', 'conversations', 'conversation', 'items'];

const KNOWN: readonly string[] = [
  ...INPUT,
  ...EXPECTED,
  ...EXPECTED_LISTS,
  ...ID,
  ...CHAT,
  'observed',
  'context',
  'difficulty',
  'category',
  'requires_reasoning',
  'reasoning_steps',
  'metadata',
];

/** The known field that a name means: `Expected Answer` and `expectedAnswer` are `expected_answer`. Others stay as they are. */
export function fieldOf(name: string): string {
  const plain = name
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();
  return KNOWN.includes(plain) ? plain : name;
}

/** The record under the names that are read. A name as we write it wins over one that only means the same. */
export function withKnownNames(record: JsonObject): JsonObject {
  const names = Object.keys(record);
  if (names.every((name) => fieldOf(name) === name)) return record;
  const taken = new Set(names);
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => {
      const known = fieldOf(name);
      if (taken.has(known)) return [name, value];
      taken.add(known);
      return [known, value];
    }),
  );
}

/** The known field that an unknown name was probably meant to be: one letter too few, too many, other, or swapped. */
export function misspelled(name: string): string | undefined {
  if (name.length < 4 || KNOWN.includes(name)) return undefined;
  return KNOWN.find((known) => known.length > 3 && isOneEditAway(name.toLowerCase(), known));
}

function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < Math.min(a.length, b.length) && a[at] === b[at]) at++;
  const rest = (text: string, skipped: number): string => text.slice(at + skipped);
  const swapped = a[at] === b[at + 1] && a[at + 1] === b[at] && rest(a, 2) === rest(b, 2);
  return swapped || rest(a, 1) === rest(b, 1) || rest(a, 0) === rest(b, 1) || rest(a, 1) === rest(b, 0);
}
