import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ApoError, faultInWords } from '../core/errors.ts';
import { makeFolder, refuseDatabase, syncFolder } from './files.ts';

/** A file that appears under its name only when it is complete. Readable by its owner only. */
export type AtomicStream = {
  write(part: string | Uint8Array): void;
  /** Makes the file appear, on disk. */
  commit(): void;
  /** Leaves nothing behind; harmless after `commit`. */
  discard(): void;
};

const BUFFER_BYTES = 256 * 1024;

/** @throws ApoError `file-write`, from every method; the temporary file is gone then. `usage` where a database stands. */
export function createAtomicStream(path: string): AtomicStream {
  refuseDatabase(path);
  const temporary = `${path}.${process.pid}.tmp`;
  let buffered: Uint8Array[] = [];
  let size = 0;
  let file: number | undefined;

  function guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      discard();
      throw new ApoError('file-write', `cannot write ${path}: ${faultInWords(error)}`, {
        hint: 'check free space and permissions of the folder, or choose another file',
        cause: error,
      });
    }
  }

  function flush(): void {
    if (size === 0 || file === undefined) return;
    const bytes = Buffer.concat(buffered);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    buffered = [];
    size = 0;
  }

  function discard(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
    try {
      rmSync(temporary, { force: true });
    } catch {
      // It could not be made in the first place; that error is the one to tell.
    }
  }

  guarded(() => {
    makeFolder(dirname(path));
    file = openSync(temporary, 'w', 0o600);
  });

  return {
    write: (part) =>
      guarded(() => {
        const bytes = typeof part === 'string' ? Buffer.from(part) : part;
        buffered.push(bytes);
        size += bytes.length;
        if (size >= BUFFER_BYTES) flush();
      }),
    commit: () =>
      guarded(() => {
        flush();
        if (file === undefined) return;
        fsyncSync(file);
        closeSync(file);
        file = undefined;
        renameSync(temporary, path);
        syncFolder(dirname(path));
      }),
    discard() {
      if (file !== undefined) discard();
    },
  };
}
