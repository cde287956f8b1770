import { CsvError, parse } from 'csv-parse';
import { ApoError, messageOf } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import type { RawRow } from './rows.ts';

/** A row with a header line. The delimiter (`,` `;` tab `|`) is the one that the header has most of. */
export async function* readCsv(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<RawRow> {
  const { header, rest } = await peekHeader(bytes);
  const parser = parse({
    delimiter: delimiterOf(header),
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_BYTES,
    record_delimiter: ['\r\n', '\n', '\r'],
  });
  const feed = async (): Promise<void> => {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    for await (const chunk of rest) {
      const text = decoder.decode(chunk, { stream: true });
      if (!parser.write(text)) await new Promise((resume) => parser.once('drain', resume).once('close', resume));
      if (parser.destroyed) return;
    }
    parser.end(decoder.decode());
  };
  feed().catch((error) => parser.destroy(error));
  let columns: readonly string[] | undefined;
  let lastLine = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      // The parser knows where a record ends; it starts as many lines earlier as its cells have line breaks.
      const line = lastLine + 1;
      lastLine = info.lines;
      if (columns === undefined) {
        columns = readHeader(record, name);
      } else if (record.length !== columns.length) {
        yield { line, ok: false, reason: `${record.length} cells where the header has ${columns.length}` };
      } else {
        yield {
          line,
          ok: true,
          value: Object.fromEntries(columns.map((column, at) => [column, cell(record[at] ?? '')])),
        };
      }
    }
  } catch (error) {
    if (error instanceof ApoError) throw error;
    const reason =
      error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is never closed' : messageOf(error);
    if (columns === undefined)
      throw new ApoError('dataset-invalid', `cannot read dataset ${name}: ${reason}`, { cause: error });
    yield { line: lastLine + 1, ok: false, reason };
  } finally {
    parser.destroy();
  }
}

async function peekHeader(bytes: AsyncIterable<Buffer>): Promise<{ header: string; rest: AsyncIterable<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    if (next.value.includes(0x0a) || Buffer.concat(chunks).length > 65_536) break;
  }
  const first = Buffer.concat(chunks);
  async function* rest(): AsyncGenerator<Buffer> {
    yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { header: first.toString('utf8').split(/\r?\n|\r/, 1)[0] ?? '', rest: rest() };
}

function delimiterOf(header: string): string {
  const unquoted = header.replace(/"[^"]*"/g, '');
  const count = (delimiter: string): number => unquoted.split(delimiter).length;
  return [',', ';', '\t', '|'].reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

function readHeader(record: readonly string[], name: string): readonly string[] {
  const columns = record.map((column) => column.trim());
  const duplicate = columns.find((column, at) => columns.indexOf(column) !== at);
  if (duplicate !== undefined) {
    throw new ApoError('dataset-invalid', `dataset ${name} has two columns named "${duplicate}"`, {
      hint: 'rename one of them',
    });
  }
  if (!columns.some((column) => KNOWN.has(column))) {
    throw new ApoError(
      'dataset-invalid',
      `dataset ${name} has no header line with a column task, question, input, prompt or messages`,
      {
        hint: 'name the columns in the first line',
      },
    );
  }
  return columns;
}

const KNOWN = new Set(['task', 'question', 'input', 'prompt', 'messages', 'conversations']);

/** Lists and objects are written as JSON in a cell; everything else stays the text that it is. */
function cell(text: string): Json {
  if (text === '') return null;
  if (!/^\s*[[{]/.test(text)) return text;
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : text;
}
