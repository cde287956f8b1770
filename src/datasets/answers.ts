import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** Fields that list right answers, read where no field for one answer has a value. */
export const EXPECTED_LISTS: readonly string[] = [
  'expected_answers',
  'expected_outputs',
  // SQuAD and Natural Questions.
  'answers',
  'references',
  'reference_answers',
  // TruthfulQA.
  'correct_answers',
  'golden_answers',
];

/** Fields that say which of the `answers` is right: these are choices then. */
const CHOICE = /correct|label|choice|option|(answer|right).*(key|index|id)$/i;

/** What a row expects: one answer as it stands, or the texts of several, and what of it is metadata. */
export type Expected = {
  readonly answer: Json | undefined;
  readonly isOneOfMany: boolean;
  /** `expected_answers` where there are several, and what else stood beside them. */
  readonly metadata: JsonObject;
  /** The field of {@link EXPECTED_LISTS} that was read. */
  readonly used?: string;
};

/** @param answer what stands in the field for one answer, if any */
export function readExpected(row: JsonObject, answer: Json | undefined): Expected {
  const used = answer === undefined ? EXPECTED_LISTS.find((name) => listed(row, name) !== undefined) : undefined;
  const found = used === undefined ? answersIn(answer) : listed(row, used);
  if (found === undefined) return { answer, isOneOfMany: false, metadata: {} };
  const { texts, rest = {} } = found;
  // A list of one in a field for one answer may be meant as a list, by the grader json.
  const isList = texts.length > 1 || Array.isArray(answer);
  return {
    answer: texts[0],
    isOneOfMany: texts.length > 1,
    metadata: {
      ...(Object.keys(rest).length === 0 ? {} : { [used ?? 'answer']: rest }),
      ...(isList ? { expected_answers: texts } : {}),
    },
    ...(used === undefined ? {} : { used }),
  };
}

/** Right answers, the preferred one first, and what else their value holds. */
type Found = { readonly texts: readonly string[]; readonly rest?: JsonObject };

/**
 * The right answers in a field for one: a list of texts (OpenAI's evals, DSPy, Inspect), SQuAD's `{ text: [...] }` or
 * TriviaQA's `{ value, aliases }`. Undefined for anything else, which is one answer: a list of numbers is a result.
 */
function answersIn(value: Json | undefined): Found | undefined {
  if (Array.isArray(value)) {
    const isTexts = value.every((item: Json) => typeof item === 'string' && item.trim() !== '');
    return isTexts ? textsIn(value) : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { text, value: preferred, aliases, ...rest } = value;
  const isPair = typeof preferred === 'string' && Array.isArray(aliases) && text === undefined;
  const list = isPair ? [preferred, ...aliases] : preferred === undefined && aliases === undefined ? text : undefined;
  const found = Array.isArray(list) ? textsIn(list) : undefined;
  return found === undefined ? undefined : { ...found, rest };
}

/** The same of a field that is there for several answers: numbers are texts there. */
function listed(row: JsonObject, name: string): Found | undefined {
  if (name === 'answers' && Object.keys(row).some((other) => CHOICE.test(other))) return undefined;
  const value = row[name];
  return Array.isArray(value) ? textsIn(value) : isJsonObject(value) ? answersIn(value) : undefined;
}

function textsIn(list: readonly Json[]): Found | undefined {
  const isPlain = list.every((item) => ['string', 'number', 'boolean'].includes(typeof item));
  const texts = [...new Set(list.map(String))].filter((text) => text.trim() !== '');
  return isPlain && texts.length > 0 ? { texts } : undefined;
}
