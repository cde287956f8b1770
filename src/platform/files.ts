import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ApoError, faultInWords } from '../core/errors.ts';

/**
 * Creates a folder and those above it that are missing. Not Node's recursive mkdir: that never returns where a file system
 * says ENOENT for a folder whose parent exists, as /proc does.
 * @throws the fault of the file system
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (dirname(path) !== path) makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

const DATABASE_START = 'SQLite format 3\0';

/**
 * An output that names a database is a mistake that nothing can undo: an application's history, or the store of all runs.
 * @throws ApoError `usage`
 */
export function refuseDatabase(path: string): void {
  if (!isDatabase(path)) return;
  throw new ApoError('usage', `${path} is a SQLite database, which is not written over`, {
    hint: 'name another file to write',
  });
}

function isDatabase(path: string): boolean {
  const start = Buffer.alloc(DATABASE_START.length);
  try {
    // Opening a pipe would wait for its writer.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    const file = openSync(path, 'r');
    try {
      readSync(file, start, 0, start.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // What cannot be read is found out when it is written.
  }
  return start.toString('latin1') === DATABASE_START;
}

/** Characters that are encoded at once, see {@link writeFileAtomic}: three bytes each stay below the 128 KiB of a small buffer. */
const PIECE = 32 * 1024;

/** Never between the halves of a surrogate pair. */
function* piecesOf(text: string): Generator<string> {
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = start + PIECE;
    if (/[\ud800-\udbff]/.test(text.charAt(end - 1))) end++;
    yield text.slice(start, end);
  }
}

/**
 * Replaces a file as a whole: temporary file, fsync, rename, fsync of the folder. Readers see the old text or the new
 * one, never a part. Creates missing folders; the file is readable by its owner only. Written in pieces: the
 * allocator would keep a buffer for the whole text after it is freed.
 * @throws ApoError `file-write`; `usage` where a database stands
 */
export function writeFileAtomic(path: string, text: string): void {
  refuseDatabase(path);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, 'w', 0o600);
    try {
      // Not writeSync, which stops after a short write.
      for (const piece of piecesOf(text)) writeFileSync(file, piece);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    discard(temporary);
    throw new ApoError('file-write', `cannot write ${path}: ${faultInWords(error)}`, {
      hint: 'check free space and permissions of the folder, or choose another with --results',
      cause: error,
    });
  }
}

/** Never hides why the write failed. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It could not be made in the first place.
  }
}

/** What was renamed in it is under its name also after a power loss. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
