import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ApoError, messageOf } from '../core/errors.ts';

/**
 * Replaces a file as a whole: temporary file, fsync, rename, fsync of the folder. Readers see the old text or the new
 * one, never a part. Creates missing folders; the file is readable by its owner only.
 * @throws ApoError `file-write`
 */
export function writeFileAtomic(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
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
    throw new ApoError('file-write', `cannot write ${path}: ${messageOf(error)}`, {
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
