import { createReadStream, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ApoError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { createAtomicStream } from '../../platform/atomic-stream.ts';
import { csvCell } from '../../platform/text.ts';
import type { FileKind } from '../exporter.ts';
import { createParquetWriter } from './parquet.ts';
import type { RowWriter } from './row-writer.ts';
import { createShape } from './shape.ts';

/** `shape` is what all rows have in common; only Parquet needs to know it beforehand. */
export function createRowWriter(kind: FileKind, path: string, shape = createShape()): RowWriter {
  const stream = createAtomicStream(path);
  if (kind === 'parquet') return createParquetWriter(stream, shape);
  const format = FORMATS[kind]();
  return {
    write(row) {
      stream.write(format.row(row));
    },
    commit() {
      stream.write(format.end());
      stream.commit();
    },
    discard: stream.discard,
  };
}

/** One line for every reader: JSON leaves these three out of its escapes, and Python's `splitlines` ends lines at them. */
function jsonLine(row: JsonObject): string {
  return JSON.stringify(row).replace(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

type Format = { row(row: JsonObject): string; end(): string };

const FORMATS: { readonly [kind in Exclude<FileKind, 'parquet'>]: () => Format } = {
  jsonl: () => ({ row: (row) => `${jsonLine(row)}\n`, end: () => '' }),
  json() {
    let count = 0;
    return {
      row: (row) => `${count++ === 0 ? '[\n' : ',\n'}${JSON.stringify(row)}`,
      end: () => (count === 0 ? '[]\n' : '\n]\n'),
    };
  },
  csv() {
    let header = '';
    return {
      row(row) {
        const line = `${Object.values(row).map(cell).join(',')}\r\n`;
        if (header !== '') return line;
        header = `${Object.keys(row).join(',')}\r\n`;
        return header + line;
      },
      end: () => '',
    };
  },
};

function cell(value: Json): string {
  return csvCell(typeof value === 'object' && value !== null ? JSON.stringify(value) : value);
}

/** Rows kept on disk until it is known where they go; gone after `discard`. */
export type Spool<T> = { add(item: T): void; read(): AsyncIterable<T>; discard(): void };

export function createSpool<T extends Json>(beside: string): Spool<T> {
  const path = `${beside}.${process.pid}.spool`;
  const stream = createAtomicStream(path);
  return {
    add: (item) => stream.write(`${JSON.stringify(item)}\n`),
    async *read() {
      stream.commit();
      // Lines end at \n only: JSON may hold the other separators that readline knows.
      for await (const line of createInterface({
        input: createReadStream(path),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        yield parsed<T>(line, path);
      }
    },
    discard() {
      stream.discard();
      rmSync(path, { force: true });
    },
  };
}

/** Our own lines, written a moment ago. */
function parsed<T>(line: string, path: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    throw new ApoError('file-write', `the temporary file ${path} was changed while it was in use`, {
      hint: 'run the export again',
      cause,
    });
  }
}
