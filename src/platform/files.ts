import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/**
 * Replaces a file as a whole: temporary file, fsync, rename, fsync of the folder. Readers see the old text or the new
 * one, never a part. Creates missing folders; the file is readable by its owner only.
 * @throws ApoError `file-write`
 */
export function writeFileAtomic(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, 'w', 0o600);
    try {
      // Not writeSync, which stops after a short write.
      writeFileSync(file, text);
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

function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
