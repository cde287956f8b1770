import { basename } from 'node:path';
import { ApoError } from '../core/errors.ts';
import type { Task } from '../core/task.ts';
import type { HistoryRecord } from '../history/source.ts';
import { counted } from '../platform/text.ts';
import { readBytes } from './bytes.ts';
import { contentKey } from './content-key.ts';
import { readCsv } from './csv.ts';
import { readJsonDocument, readJsonLines } from './json.ts';
import { locateError } from './json-scan.ts';
import { peek } from './peek.ts';
import { readRecord } from './record.ts';
import type { Format, RawRow } from './rows.ts';
import { readYaml } from './yaml.ts';

export type LoadOptions = {
  /** Goes on when up to 5 % of the records are rejected. Default false: any rejected record is an error. */
  readonly skipInvalid?: boolean;
};

export type Rejected = { readonly where: string; readonly reason: string };

/** Share of records that may be rejected even with `skipInvalid`. */
export const MAX_REJECTED_SHARE = 0.05;

/** Formats that need the whole text at once are read up to this size; JSONL and CSV have no limit. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;

/**
 * The records of a JSON, JSONL, YAML or CSV file, plain or gzipped, one by one; in constant memory for JSONL and CSV. What
 * the file is is decided by its content where that is clear. Judges nothing: see {@link assertUsable}.
 * @param note Called for each record that was taken with a remark.
 * @throws ApoError `dataset-invalid`, `dataset-empty` for what cannot be read at all
 */
export async function* streamDataset(path: string, note: (text: string) => void): AsyncGenerator<HistoryRecord> {
  const name = basename(path);
  const ids = createIds(note);
  for await (const row of readRows(path, readBytes(path))) {
    const read = row.ok ? readRecord(row.value) : row;
    if (read.ok) {
      for (const text of read.notes) note(text);
      yield { kind: 'task', task: ids.name(read.task) };
    } else {
      const column = row.ok || row.column === undefined ? '' : `:${row.column}`;
      yield { kind: 'rejected', where: `${name}:${row.line}${column}`, reason: read.reason };
    }
  }
}

/**
 * Whether what was read of a dataset can be worked with.
 * @param rejected at least the first three of the rejected records, for the message
 * @throws ApoError `dataset-invalid` for too many rejected records, `dataset-empty` for no record at all
 */
export function assertUsable(
  records: number,
  rejectedCount: number,
  rejected: readonly Rejected[],
  path: string,
  options: LoadOptions,
): void {
  if (records === 0) {
    throw new ApoError('dataset-empty', `dataset ${path} has no records`, { hint: 'add at least two tasks' });
  }
  const isTolerable = options.skipInvalid === true && rejectedCount <= records * MAX_REJECTED_SHARE;
  if (rejectedCount === 0 || isTolerable) return;
  const first = rejected.slice(0, 3).map(({ where, reason }) => `${where} ${reason}`);
  throw new ApoError(
    'dataset-invalid',
    `${rejectedCount} of ${records} records of ${path} are invalid: ${first.join('; ')}${rejectedCount > 3 ? '; ...' : ''}`,
    {
      hint:
        options.skipInvalid === true
          ? `more than ${MAX_REJECTED_SHARE * 100} % cannot be skipped: see apo dataset validate`
          : 'correct them (apo dataset validate lists all), or skip up to 5 % with --skip-invalid',
    },
  );
}

/** Counts remarks by their text. */
export function createNotes(): { add(text: string): void; list(): readonly string[] } {
  const counts = new Map<string, number>();
  return {
    add: (text) => void counts.set(text, (counts.get(text) ?? 0) + 1),
    list: () => [...counts].map(([text, count]) => `${counted(count, 'record')}: ${text}`),
  };
}

/** Rows without an id get one from their content; an id that other content has already gets a number behind it. */
function createIds(note: (text: string) => void): { name(task: Omit<Task, 'id'> & { id: string | undefined }): Task } {
  const owners = new Map<string, string>();
  return {
    name(task) {
      const key = contentKey(task);
      const wanted = task.id ?? `task-${Buffer.from(key, 'binary').toString('hex').slice(0, 12)}`;
      let id = wanted;
      for (let copy = 2; owners.has(id) && owners.get(id) !== key; copy++) id = `${wanted}#${copy}`;
      if (id !== wanted) note('the id is used by another task, a number was added');
      owners.set(id, key);
      return { ...task, id };
    },
  };
}

async function* readRows(path: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<RawRow> {
  const name = basename(path);
  const { start, rest } = await peekText(bytes);
  switch (formatOf(name, start)) {
    case 'csv':
      yield* readCsv(rest, name);
      return;
    case 'yaml':
      yield* readYaml(await wholeText(rest, path), name);
      return;
    case 'jsonl':
      yield* readJsonLines(rest);
      return;
    case 'json': {
      const text = await wholeText(rest, path);
      const rows = readJsonDocument(text);
      if (rows !== undefined) yield* rows;
      else if (isJsonLines(text)) yield* readJsonLines(once(Buffer.from(text)));
      else if (text.trim() !== '') throw notJson(text, path);
      return;
    }
  }
}

/** The name counts, unless the text is clearly something else: a list in a .jsonl file, lines in a .json file. */
function formatOf(name: string, start: string): Format {
  const plain = name.toLowerCase().replace(/\.gz$/, '');
  if (/\.ya?ml$/.test(plain)) return 'yaml';
  if (/\.(csv|tsv)$/.test(plain)) return 'csv';
  const first = start.trimStart()[0];
  if (/\.(jsonl|ndjson)$/.test(plain)) return first === '[' && !isJsonLines(start) ? 'json' : 'jsonl';
  if (plain.endsWith('.json') || first === '[') return 'json';
  return first === '{' ? (isJsonLines(start) ? 'jsonl' : 'json') : 'csv';
}

/** Whether the first line that is not empty is a JSON object by itself. */
function isJsonLines(text: string): boolean {
  const line = text.trimStart().split('\n', 1)[0] ?? '';
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Files that begin with more white space than this are read by their name alone. */
const MAX_BLANK_BYTES = 4 * 1024 * 1024;

/** The beginning of a text, as far as there is something in it. */
async function peekText(bytes: AsyncIterable<Buffer>): Promise<{ start: string; rest: AsyncIterable<Buffer> }> {
  const { first, rest } = await peek(
    bytes,
    (chunk, length) => chunk.toString('utf8').trim() !== '' || length > MAX_BLANK_BYTES,
  );
  return { start: first.toString('utf8'), rest };
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function wholeText(bytes: AsyncIterable<Buffer>, path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > MAX_DOCUMENT_BYTES) {
      throw new ApoError('dataset-invalid', `dataset ${path} is larger than ${MAX_DOCUMENT_BYTES / 1024 / 1024} MiB`, {
        hint: 'write it as JSONL, one task a line: that is read without a limit',
      });
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new ApoError('dataset-invalid', `dataset ${path} is not UTF-8`, {
      hint: 'convert it to UTF-8',
      cause: error,
    });
  }
}

function notJson(text: string, path: string): ApoError {
  const { reason, line, column } = locateError(text) ?? { reason: 'not one JSON document', line: 1, column: 1 };
  return new ApoError('dataset-invalid', `dataset ${path}:${line}:${column} is not valid JSON: ${reason}`, {
    hint: 'JSON has no comments and no trailing commas',
  });
}
