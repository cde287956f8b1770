import { findUnsafe, isJsonObject, type Json, parseJson, parseWellFormed } from '../core/json.ts';
import { elementLines, locateError } from './json-scan.ts';
import { readLines } from './lines.ts';
import type { RawRow } from './rows.ts';
import { tableRows } from './tables.ts';

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
      : { line: line.number, ok: false, ...problemOf(line.text, parsed.reason) };
  }
}

/**
 * One JSON document: a list of rows, an object that holds such a list, or a single row.
 * @returns undefined when the text is not one JSON document.
 */
export function readJsonDocument(text: string): readonly RawRow[] | undefined {
  let value: Json;
  try {
    value = parseWellFormed(text) as Json;
  } catch {
    return undefined;
  }
  const list = rowsOf(value);
  const lines = list.key === undefined && !Array.isArray(value) ? [] : elementLines(text, list.key);
  return list.rows.map((row, index): RawRow => {
    const line = lines[index] ?? 1;
    // Depth and forbidden keys are judged row by row, so that one bad row costs one record.
    const reason = findUnsafe(row);
    return reason === undefined ? { line, ok: true, value: row } : { line, ok: false, reason };
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
  return key === undefined ? { rows: tableRows(value) ?? [value], key } : { rows: value[key] as readonly Json[], key };
}

/** A syntax error with its column, or another reason as it is. */
function problemOf(text: string, reason: string): { readonly reason: string; readonly column?: number } {
  const error = locateError(text);
  return error === undefined ? { reason } : { reason: error.reason, column: error.column };
}
