import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { CHAT, fieldOf, INPUT } from './fields.ts';

/**
 * The rows of a table that was written as one object, as pandas does: by column (`{ task: [..] }` or
 * `{ task: { "0": .. } }`), `{ columns, data }`, or by index (`{ "0": { task } }`). Undefined for any other object.
 */
export function tableRows(value: JsonObject): readonly Json[] | undefined {
  return splitRows(value) ?? columnRows(value) ?? indexRows(value);
}

function splitRows({ columns, data }: JsonObject): readonly Json[] | undefined {
  if (!Array.isArray(columns) || !Array.isArray(data) || !columns.some(isInput)) return undefined;
  if (!data.every((row) => Array.isArray(row) && row.length === columns.length)) return undefined;
  return data.map((row) =>
    Object.fromEntries(columns.map((column, at) => [String(column), (row as Json[])[at] ?? null])),
  );
}

function columnRows(value: JsonObject): readonly Json[] | undefined {
  const columns = Object.entries(value);
  if (!columns.some(([name]) => isInput(name)) || columns.length < 2) return undefined;
  const keys = columns.map(([, cells]) => cellKeys(cells));
  const [first] = keys;
  if (first === undefined || first.length === 0) return undefined;
  if (
    !keys.every((own) => own !== undefined && own.length === first.length && own.every((key) => first.includes(key)))
  ) {
    return undefined;
  }
  return first.map((key) => Object.fromEntries(columns.map(([name, cells]) => [name, cellOf(cells, key)])));
}

function indexRows(value: JsonObject): readonly Json[] | undefined {
  const rows = Object.values(value);
  const isTable = rows.length > 0 && rows.every((row) => isJsonObject(row) && Object.keys(row).some(isRowField));
  return isTable && !Object.keys(value).some(isRowField) ? rows : undefined;
}

/** Positions of a column's cells: those of a list, or pandas' row numbers. A message list is no column. */
function cellKeys(cells: Json): readonly string[] | undefined {
  if (Array.isArray(cells)) return cells.map((_, at) => String(at));
  if (!isJsonObject(cells)) return undefined;
  const keys = Object.keys(cells);
  return keys.every((key) => /^\d+$/.test(key)) ? keys : undefined;
}

function cellOf(cells: Json, key: string): Json {
  const cell = Array.isArray(cells) ? cells[Number(key)] : (cells as JsonObject)[key];
  return cell ?? null;
}

function isInput(name: Json): boolean {
  return typeof name === 'string' && INPUT.includes(fieldOf(name));
}

function isRowField(name: string): boolean {
  return isInput(name) || CHAT.includes(fieldOf(name));
}
