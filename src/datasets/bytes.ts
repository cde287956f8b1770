import { createReadStream, type Stats, statSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { ApoError, faultInWords, messageOf } from '../core/errors.ts';
import { peek } from './peek.ts';

/** Data that unpack to more than this and to this many times their size are a bomb; rows that share a long prompt reach 200. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;
const MAX_INFLATE_RATIO = 400;

/** The first bytes decide what a file is. */
const knowsKind = (_chunk: Buffer, length: number): boolean => length >= 512;

const HINT = 'give a JSON, JSONL, YAML or CSV file';

/**
 * The bytes of a dataset file as UTF-8 without a byte order mark: gzip is unpacked and UTF-16 converted, whatever the
 * name says. Reads what the file holds now; what is appended meanwhile is not looked at.
 * @throws ApoError `dataset-invalid` for what is no readable regular file, `dataset-empty` for no bytes at all.
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const { size } = check(path);
  const raw = createReadStream(path, { end: size - 1 });
  try {
    const { first, rest } = await peek(raw, knowsKind);
    const isGzip = first[0] === 0x1f && first[1] === 0x8b;
    if (path.endsWith('.gz') && !isGzip) throw invalid(path, 'its name says gzip, its content does not');
    yield* asUtf8(path, isGzip ? inflate(path, rest, size) : rest);
  } catch (error) {
    throw error instanceof ApoError ? error : invalid(path, faultInWords(error), error);
  } finally {
    raw.destroy();
  }
}

function check(path: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (error) {
    const isPattern = /[*?[\]{}]/.test(path);
    throw new ApoError('dataset-invalid', `cannot read dataset ${path}: ${faultInWords(error)}`, {
      hint: isPattern ? 'patterns are not expanded here: name one file' : `check the path; ${HINT}`,
      cause: error,
    });
  }
  if (stats.isDirectory()) throw invalid(path, 'it is a folder');
  if (!stats.isFile()) throw invalid(path, 'it is not a regular file');
  if (stats.size === 0) throw new ApoError('dataset-empty', `dataset ${path} is empty`, { hint: HINT });
  return stats;
}

async function* inflate(path: string, compressed: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const feed = async (): Promise<void> => {
    for await (const chunk of compressed) {
      if (!gunzip.write(chunk)) await drained(gunzip);
      if (gunzip.destroyed) return;
    }
    gunzip.end();
  };
  feed().catch((error) => gunzip.destroy(error));
  let inflated = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      inflated += chunk.length;
      if (inflated > MAX_INFLATED_BYTES && inflated > size * MAX_INFLATE_RATIO) {
        throw invalid(path, `it unpacks to more than ${MAX_INFLATE_RATIO} times its size`);
      }
      yield chunk;
    }
  } catch (error) {
    throw error instanceof ApoError ? error : invalid(path, `the gzip data are damaged: ${messageOf(error)}`, error);
  } finally {
    gunzip.destroy();
  }
}

/** Resolves when more may be written, or nothing any more. Leaves no listener behind: large files wait thousands of times. */
function drained(stream: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    const resume = (): void => {
      stream.off('drain', resume).off('close', resume);
      resolve();
    };
    stream.on('drain', resume).on('close', resume);
  });
}

async function* asUtf8(path: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { first, rest } = await peek(bytes, knowsKind);
  const binary = BINARIES.find(([magic]) => first.toString('latin1', 0, magic.length) === magic);
  if (binary !== undefined) throw invalid(path, `it is ${binary[1]}`);
  const encoding = wideEncoding(first);
  if (encoding === undefined) {
    if (first.includes(0)) throw invalid(path, 'it is a binary file');
    const skip = first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf ? 3 : 0;
    let isFirst = true;
    for await (const chunk of rest) {
      yield isFirst ? chunk.subarray(skip) : chunk;
      isFirst = false;
    }
    return;
  }
  const decoder = new TextDecoder(encoding);
  for await (const chunk of rest) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}

const BINARIES = [
  ['SQLite format 3\u0000', 'a SQLite database: use --history'],
  ['PAR1', 'a Parquet file'],
  ['\u007fELF', 'a program'],
  ['PK\u0003\u0004', 'a zip archive'],
  ['\u001f\u008b', 'compressed twice'],
  ['(\u00b5/\u00fd', 'zstd-compressed: unpack it first'],
] as const;

/** UTF-16 by its byte order mark, or by the zero bytes that ASCII text has in it. */
function wideEncoding(first: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (first[0] === 0xff && first[1] === 0xfe) return 'utf-16le';
  if (first[0] === 0xfe && first[1] === 0xff) return 'utf-16be';
  const isZero = (byte: number | undefined): boolean => byte === 0;
  if (first.length < 4) return undefined;
  if (!isZero(first[0]) && isZero(first[1]) && !isZero(first[2]) && isZero(first[3])) return 'utf-16le';
  if (isZero(first[0]) && !isZero(first[1]) && isZero(first[2]) && !isZero(first[3])) return 'utf-16be';
  return undefined;
}

function invalid(path: string, reason: string, cause?: unknown): ApoError {
  return new ApoError('dataset-invalid', `cannot read dataset ${path}: ${reason}`, { hint: HINT, cause });
}
