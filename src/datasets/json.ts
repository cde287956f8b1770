import { isJsonObject, type Json, parseJson } from '../core/json.ts';
import { readLines } from './lines.ts';
import type { RawRow } from './rows.ts';

/** Members under which datasets keep their rows when the file is one object. */
const LIST_KEYS = ['tasks', 'data', 'examples', 'items', 'rows', 'records', 'questions', 'samples', 'dataset'];

/** One JSON value a line; empty lines are not records. */
export async function* readJsonLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<RawRow> {
  for await (const line of readLines(bytes)) {
    if (!line.ok) {
      yield { line: line.number, ok: false, reason: line.reason };
      continue;
    }
    if (line.text.trim() === '') continue;
    const parsed = parseJson(line.text);
    yield parsed.ok
      ? { line: line.number, ok: true, value: parsed.value }
      : syntaxError(line.text, parsed.reason, line.number);
  }
}

/**
 * One JSON document: a list of rows, an object that holds such a list, or a single row.
 * @returns undefined when the text is not one JSON document.
 */
export function readJsonDocument(text: string): readonly RawRow[] | undefined {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list = rowsOf(value);
  const lines = list.key === undefined && !Array.isArray(value) ? [] : elementLines(text, list.key);
  return list.rows.map((row, index): RawRow => {
    const line = lines[index] ?? 1;
    // Depth and forbidden keys are judged row by row, so that one bad row costs one record.
    const checked = parseJson(JSON.stringify(row));
    return checked.ok ? { line, ok: true, value: checked.value } : { line, ok: false, reason: checked.reason };
  });
}

export function rowsOf(value: Json): { readonly rows: readonly Json[]; readonly key: string | undefined } {
  if (Array.isArray(value)) return { rows: value, key: undefined };
  if (!isJsonObject(value)) return { rows: [value], key: undefined };
  const key = LIST_KEYS.find((name) => {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    return (
      Array.isArray(member) &&
      member.every((item) => isJsonObject(item) && item.role === undefined && item.from === undefined)
    );
  });
  return key === undefined ? { rows: [value], key } : { rows: value[key] as readonly Json[], key };
}

/** Where JSON stops being JSON, for a message. */
export function syntaxError(
  text: string,
  reason: string,
  firstLine = 1,
): { ok: false; reason: string; line: number; column?: number } {
  const position = Number(/position (\d+)/.exec(reason)?.[1] ?? Number.NaN);
  const plain = reason
    .replace(/ in JSON at position.*$| at position.*$/s, '')
    .replace(/, ".*$/s, '')
    .slice(0, 120);
  if (Number.isNaN(position)) return { ok: false, reason: plain, line: firstLine };
  const before = text.slice(0, position);
  const lines = before.split('\n');
  return { ok: false, reason: plain, line: firstLine + lines.length - 1, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Line of each element of the list (at the top, or under `key` of the top object) in a text that is valid JSON. */
function elementLines(text: string, key: string | undefined): readonly number[] {
  const wanted = key === undefined ? 1 : 2;
  const found: number[] = [];
  let line = 1;
  let depth = 0;
  let isInList = false;
  let isExpectingElement = false;
  let lastString = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '\n') line++;
    if (/\s/.test(character)) continue;
    if (isInList && depth === wanted && isExpectingElement && character !== ']') {
      found.push(line);
      isExpectingElement = false;
    }
    if (character === '"') {
      const start = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
      if (depth === 1) lastString = text.slice(start + 1, at);
    } else if (character === '[' || character === '{') {
      depth++;
      if (depth === wanted && character === '[' && (key === undefined || lastString === key)) {
        isInList = true;
        isExpectingElement = true;
        // Of duplicate members the last one counts.
        found.length = 0;
      }
    } else if (character === ']' || character === '}') {
      depth--;
      if (depth < wanted) isInList = false;
    } else if (character === ',' && depth === wanted) {
      isExpectingElement = true;
    }
  }
  return found;
}
