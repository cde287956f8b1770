import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { type Json, parseJson } from '../../core/json.ts';
import { createAtomicStream } from '../../platform/atomic-stream.ts';

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export type LineProblem = { readonly line: number; readonly reason: string; readonly torn: boolean };

/**
 * Streams a JSON-lines file. Lines that are not JSON are reported and left out; a last line that a crash cut off is
 * reported as torn. Nothing is written.
 */
export async function* readJsonLines(path: string, report?: (problem: LineProblem) => void): AsyncGenerator<Json> {
  const decoder = new TextDecoder();
  let line = 0;
  let rest: string[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    const pieces = decoder.decode(chunk as Buffer, { stream: true }).split('\n');
    for (const [index, piece] of pieces.entries()) {
      rest.push(piece);
      if (index === pieces.length - 1) continue;
      const text = rest.join('');
      rest = [];
      line += 1;
      if (text.trim() === '') continue;
      const parsed = parseJson(text);
      if (parsed.ok) yield parsed.value;
      else report?.({ line, reason: parsed.reason, torn: false });
    }
  }
  const text = rest.join('') + decoder.decode();
  if (text.trim() === '') return;
  const parsed = parseJson(text);
  if (parsed.ok) yield parsed.value;
  else report?.({ line: line + 1, reason: parsed.reason, torn: true });
}

/**
 * Makes a JSON-lines file safe to append to: a last line without its newline gets one when it is whole JSON, and is cut
 * off when a crash tore it. Returns how many bytes were cut.
 */
export function repairTail(path: string): number {
  if (!existsSync(path)) return 0;
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const start = lastLineStart(file, size);
    if (start === size) return 0;
    const tail = Buffer.alloc(size - start);
    readSync(file, tail, 0, tail.length, start);
    if (parseJson(tail.toString('utf8')).ok) {
      writeSync(file, '\n', size);
      return 0;
    }
    ftruncateSync(file, start);
    return tail.length;
  } finally {
    closeSync(file);
  }
}

/** Offset after the last newline: the file's size when it ends in one. */
function lastLineStart(file: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    readSync(file, chunk, 0, end - start, start);
    const newline = chunk.subarray(0, end - start).lastIndexOf(NEWLINE);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}

/**
 * Writes a file of JSON lines as a whole, streaming: readers see the old file or the new.
 * @throws ApoError `file-write`; what `values` throws is passed on. The old file stays in both cases.
 */
export async function writeJsonLines(path: string, values: AsyncIterable<unknown>): Promise<void> {
  const stream = createAtomicStream(path);
  try {
    for await (const value of values) stream.write(`${JSON.stringify(value)}\n`);
    stream.commit();
  } finally {
    stream.discard();
  }
}
