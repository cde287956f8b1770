import { CsvError, parse } from 'csv-parse';
import { ApoError, messageOf } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import { counted } from '../platform/text.ts';
import { isMessageList } from './chat.ts';
import { CHAT, EXPECTED, fieldOf, INPUT } from './fields.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import { peek } from './peek.ts';
import type { RawRow } from './rows.ts';

type Parsed = { readonly cells: readonly string[]; readonly line: number };

/**
 * Rows of a file with a header line, RFC 4180. The delimiter (`,` `;` tab `|`) is the one that the header has most of.
 * @throws ApoError `dataset-invalid` for a quote that is never closed, a bad header, text that is not UTF-8.
 */
export async function* readCsv(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<RawRow> {
  const { header, rest } = await peekHeader(bytes);
  // Excel's own first line, which names the delimiter.
  const declared = /^"?sep=(.)"?\s*$/i.exec(header)?.[1];
  let isDeclared = declared !== undefined;
  let columns: readonly string[] | undefined;
  let endLine = 0;
  try {
    for await (const { cells, line } of parseRows(rest, declared ?? delimiterOf(header))) {
      const startLine = endLine + 1;
      endLine = line;
      if (isDeclared) {
        isDeclared = false;
      } else if (cells.every((cell) => cell.trim() === '')) {
        // Spreadsheets export the empty rows below a table; they are no records.
      } else if (columns === undefined) {
        columns = readHeader(cells, name);
      } else if (cells.length !== columns.length) {
        yield {
          line: startLine,
          ok: false,
          reason: `${counted(cells.length, 'cell')} where the header has ${columns.length}`,
        };
      } else {
        const named = columns.flatMap((column, at): [string, Json][] => {
          const value = readCell(column, cells[at] ?? '');
          if (column !== '') return [[column, value]];
          // A delimiter at the end of each line makes a column without a name that holds nothing.
          return value === null ? [] : [[`column_${at + 1}`, value]];
        });
        yield { line: startLine, ok: true, value: Object.fromEntries(named) };
      }
    }
  } catch (error) {
    if (error instanceof ApoError) throw error;
    const isOpen = error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED';
    const reason = isOpen
      ? 'a quote is never closed'
      : error instanceof TypeError
        ? 'it is not UTF-8'
        : messageOf(error);
    // All rows behind this place are lost in one cell, so this is no record that could be skipped.
    throw new ApoError('dataset-invalid', `cannot read dataset ${name}:${endLine + 1}: ${reason}`, {
      hint: isOpen
        ? 'write a quote inside a cell twice'
        : 'correct the file; it must be UTF-8 text with one header line',
      cause: error,
    });
  }
}

const HINT = 'name the columns in the first line, for example task,expected';

/** Records as they are complete. */
async function* parseRows(bytes: AsyncIterable<Buffer>, delimiter: string): AsyncGenerator<Parsed> {
  let complete: Parsed[] = [];
  const parser = parse({
    delimiter,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_BYTES,
    record_delimiter: ['\r\n', '\n', '\r'],
    on_record(cells: readonly string[], { lines }) {
      complete.push({ cells, line: lines });
      return null;
    },
  });
  let failure: unknown;
  parser.on('error', (error) => {
    failure ??= error;
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  async function* texts(): AsyncGenerator<string> {
    for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  }
  for await (const text of texts()) {
    await new Promise((resume) => parser.write(text, resume));
    const ready = complete;
    complete = [];
    yield* ready;
    if (failure !== undefined) throw failure;
  }
  await new Promise((resume) => parser.once('error', resume).once('close', resume).resume().end());
  yield* complete;
  if (failure !== undefined) throw failure;
}

async function peekHeader(bytes: AsyncIterable<Buffer>): Promise<{ header: string; rest: AsyncIterable<Buffer> }> {
  const { first, rest } = await peek(bytes, (chunk, length) => chunk.includes(0x0a) || length > MAX_HEADER_BYTES);
  return { header: first.toString('utf8').split(/\r?\n|\r/, 1)[0] ?? '', rest };
}

const MAX_HEADER_BYTES = 64 * 1024;

function delimiterOf(header: string): string {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => unquoted.split(delimiter).length;
  return [',', ';', '\t', '|'].reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

const KNOWN_COLUMNS = new Set([...INPUT, ...CHAT]);

function readHeader(cells: readonly string[], name: string): readonly string[] {
  const columns = cells.map((column) => column.trim());
  const duplicate = columns.find((column, at) => column !== '' && columns.indexOf(column) !== at);
  if (duplicate !== undefined) {
    throw new ApoError('dataset-invalid', `dataset ${name} has two columns named "${duplicate}"`, {
      hint: 'rename one of them',
    });
  }
  if (!columns.some((column) => KNOWN_COLUMNS.has(fieldOf(column)))) {
    const known = [...KNOWN_COLUMNS].join(', ');
    throw new ApoError('dataset-invalid', `dataset ${name} has no column named ${known}`, { hint: HINT });
  }
  return columns;
}

/** Lists and objects are written as JSON in a cell; questions and answers, and everything else, stay the text that they are. */
function readCell(column: string, text: string): Json {
  if (text === '') return null;
  const field = fieldOf(column);
  if (!/^\s*[[{]/.test(text) || EXPECTED.includes(field) || field === 'observed') return text;
  const parsed = parseJson(text);
  const isText = INPUT.includes(field) && !(parsed.ok && isMessageList(parsed.value));
  return parsed.ok && !isText ? parsed.value : text;
}
