import { closeSync, openSync, readSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

/**
 * Gets rid of a write-ahead log whose sync failed. Its pages may never reach the disk although reads still show them, and what
 * is appended behind such a hole is lost with it, however well it is synced. So what the log holds is copied into the database,
 * where SQLite writes and syncs it anew, and the log starts again as an empty file.
 * Where the system dropped the pages that it could not write, reading gives something else: the checksums tell.
 * @returns false when the log is damaged or in use: then nothing has changed
 * @throws the fault of the disk
 */
export function emptyLog(database: Database): boolean {
  const frames = checkpoint(database, 'NOOP').log;
  if (soundFrames(`${database.name}-wal`, frames) < frames) return false;
  return checkpoint(database, 'TRUNCATE').busy === 0;
}

/** https://sqlite.org/pragma.html#pragma_wal_checkpoint: `log` is the number of frames in the log. */
function checkpoint(database: Database, mode: 'NOOP' | 'TRUNCATE'): { readonly busy: number; readonly log: number } {
  const [row] = database.pragma(`wal_checkpoint(${mode})`) as { readonly busy: number; readonly log: number }[];
  if (row === undefined) throw new Error('SQLite says nothing of the write-ahead log');
  return row;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The first bytes of a log; with the last bit set, its checksums are over big-endian words. */
const MAGIC = 0x377f0682;

/** How many of the first `wanted` frames are what was written, by https://sqlite.org/fileformat2.html#the_write_ahead_log. */
function soundFrames(path: string, wanted: number): number {
  const file = openSync(path, 'r');
  try {
    const header = read(file, HEADER_BYTES, 0);
    if (header === undefined || (header.readUInt32BE(0) & ~1) !== MAGIC) return 0;
    const isBigEndian = (header.readUInt32BE(0) & 1) === 1;
    const frameBytes = FRAME_HEADER_BYTES + header.readUInt32BE(8);
    const salts = header.subarray(16, 24);
    let sum = checksum(header.subarray(0, 24), isBigEndian, [0, 0]);
    for (let count = 0; count < wanted; count++) {
      const frame = read(file, frameBytes, HEADER_BYTES + count * frameBytes);
      if (frame === undefined || !frame.subarray(8, 16).equals(salts)) return count;
      sum = checksum(frame.subarray(0, 8), isBigEndian, sum);
      sum = checksum(frame.subarray(FRAME_HEADER_BYTES), isBigEndian, sum);
      if (frame.readUInt32BE(16) !== sum[0] || frame.readUInt32BE(20) !== sum[1]) return count;
    }
    return wanted;
  } finally {
    closeSync(file);
  }
}

function read(file: number, length: number, from: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, from) === length ? bytes : undefined;
}

function checksum(
  bytes: Buffer,
  isBigEndian: boolean,
  [first, second]: readonly [number, number],
): readonly [number, number] {
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + b) >>> 0;
    b = (b + (isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}
