import { forbiddenKey, isJsonObject, type Json, type JsonObject, parseJson } from '../../../core/json.ts';

/** The first of the attributes that is a non-empty text. */
export function firstText(attributes: JsonObject, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** The first of the attributes that is a number, or the text of one. */
export function firstNumber(attributes: JsonObject, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const value = attributes[key];
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
  }
  return undefined;
}

/** Structured as it is; a text that holds a JSON object, list or text is parsed, any other text stays. */
export function decoded(value: Json | undefined): Json | undefined {
  if (typeof value !== 'string' || !/^\s*[[{"]/.test(value)) return value;
  const parsed = parseJson(value);
  if (parsed.ok) return parsed.value;
  return FORBIDDEN_NAME.test(value) ? tamed(value) : value;
}

const FORBIDDEN_NAME = /__proto__|constructor|prototype|\\u/;

/**
 * Objects with a key that could reach a prototype stay text, so that a tool argument of such a name costs neither the
 * conversation around it nor what the tool was given.
 */
function tamed(text: string): Json {
  try {
    const value: unknown = JSON.parse(text, (_key, member) =>
      isJsonObject(member) && forbiddenKey(member) !== undefined ? JSON.stringify(member) : member,
    );
    const parsed = parseJson(JSON.stringify(value));
    return parsed.ok ? parsed.value : text;
  } catch {
    return text;
  }
}

/** What a text view shows of any value: text as it is, everything else as JSON, nothing as ''. */
export function asText(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
