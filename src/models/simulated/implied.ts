import type { Json, JsonObject } from '../../core/json.ts';

/**
 * The schema that a text asks for by example: `Return JSON: {"score": 0.0, "reason": "..."}`. Undefined unless the text
 * speaks of JSON and shows an object with at least one wanted name. The last such object counts: instructions end a request.
 */
export function impliedSchema(text: string, wanted: RegExp): JsonObject | undefined {
  if (!/\bjson\b/i.test(text)) return undefined;
  for (let start = text.lastIndexOf('{'); start >= 0; start = start === 0 ? -1 : text.lastIndexOf('{', start - 1)) {
    const schema = readValue({ text, at: start }, 0);
    if (schema.type !== 'object') continue;
    const properties = schema.properties as JsonObject;
    if (Object.keys(properties).some((name) => wanted.test(name))) return outermost(text, start, wanted) ?? schema;
  }
  return undefined;
}

/** The object around the one that was found, when the found one is an item of a list in it. */
function outermost(text: string, inner: number, wanted: RegExp): JsonObject | undefined {
  for (let start = text.lastIndexOf('{', inner - 1); start >= 0 && inner - start < 400; ) {
    const place = { text, at: start };
    const schema = readValue(place, 0);
    const names = schema.type === 'object' ? Object.keys(schema.properties as JsonObject) : [];
    if (place.at > inner && names.length > 0 && names.some((name) => wanted.test(name) || name.endsWith('s')))
      return schema;
    if (start === 0) return undefined;
    start = text.lastIndexOf('{', start - 1);
  }
  return undefined;
}

type Place = { readonly text: string; at: number };

/** Reads an example value as loosely as people write them: placeholders, comments, missing quotes and commas. */
function readValue(place: Place, depth: number): JsonObject {
  skip(place);
  const first = place.text[place.at];
  if (first === '{' && depth < 6) return readObject(place, depth);
  if (first === '[' && depth < 6) {
    place.at += 1;
    const items = readValue(place, depth + 1);
    closeAt(place, ']');
    return { type: 'array', items };
  }
  const word =
    /^(?:"(?:[^"\\\n]|\\.)*"|<[^>\n]*>|[^,}\]\n])*/.exec(place.text.slice(place.at, place.at + 600))?.[0] ?? '';
  place.at += word.length;
  if (/^\s*(?:"?<?(?:number|float|integer|int|score)\b|-?\d|0\.)/i.test(word)) return { type: 'number' };
  return { type: /^\s*(?:true|false|bool)/i.test(word) ? 'boolean' : 'string' };
}

function readObject(place: Place, depth: number): JsonObject {
  const properties: { [name: string]: Json } = {};
  place.at += 1;
  for (let count = 0; count < 40; count++) {
    skip(place);
    const key = /^["']([A-Za-z_][\w-]{0,40})["']\s*:/.exec(place.text.slice(place.at, place.at + 60));
    if (key === null) break;
    place.at += key[0].length;
    properties[key[1] ?? ''] = readValue(place, depth + 1);
  }
  closeAt(place, '}');
  return Object.keys(properties).length === 0 ? { type: 'none' } : { type: 'object', properties };
}

function skip(place: Place): void {
  while (/[\s,]/.test(place.text[place.at] ?? '')) place.at += 1;
}

function closeAt(place: Place, bracket: string): void {
  const end = place.text.indexOf(bracket, place.at);
  if (end >= 0 && end - place.at < 200) place.at = end + 1;
}
