import { once } from 'node:events';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ApoError, faultInWords } from '../../core/errors.ts';
import { type Json, parseJson } from '../../core/json.ts';
import { makeFolder } from '../../platform/files.ts';

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
 * Writes a file of JSON lines as a whole, streaming: temporary file, fsync, rename. Readers see the old file or the new.
 * @throws ApoError `file-write`; what `values` throws is passed on. The old file stays in both cases.
 */
export async function writeJsonLines(path: string, values: AsyncIterable<unknown>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await guarded(path, async () => makeFolder(dirname(path)));
    const stream = createWriteStream(temporary, { mode: 0o600 });
    let failure: unknown;
    stream.on('error', (error) => {
      failure = error;
    });
    try {
      for await (const value of values) {
        if (failure !== undefined) break;
        if (!stream.write(`${JSON.stringify(value)}\n`)) await guarded(path, () => once(stream, 'drain'));
      }
    } finally {
      stream.end();
      if (failure === undefined && !stream.closed) await once(stream, 'close').catch(() => undefined);
    }
    await guarded(path, async () => {
      if (failure !== undefined) throw failure;
      const file = await open(temporary, 'r+');
      await file.sync().finally(() => file.close());
      renameSync(temporary, path);
    });
  } catch (error) {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // It could not be made in the first place; that error is the one to tell.
    }
    throw error;
  }
}

async function guarded(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw new ApoError('file-write', `cannot write ${path}: ${faultInWords(error)}`, {
      hint: 'check free space and permissions of the folder, or choose another',
      cause: error,
    });
  }
}
