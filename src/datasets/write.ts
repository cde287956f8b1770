import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ApoError, faultInWords } from '../core/errors.ts';
import type { Task } from '../core/task.ts';
import { makeFolder } from '../platform/files.ts';

export type TaskWriter = {
  /** One line of JSON with the keys of {@link Task}, in its order. */
  write(task: Task): void;
  /** Makes the file appear under its name, as a whole. */
  commit(): void;
  /** Leaves nothing behind; does nothing after {@link commit}. */
  abort(): void;
};

const FLUSH_CHARACTERS = 1 << 20;

/**
 * Writes a dataset file of any size in constant memory; readers never see a part of it.
 * @throws ApoError `file-write`
 */
export function createTaskWriter(path: string): TaskWriter {
  const temporary = `${path}.${process.pid}.tmp`;
  let pending: string[] = [];
  let length = 0;
  let isOpen = true;
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw new ApoError('file-write', `cannot write ${path}: ${faultInWords(error)}`, {
        hint: 'check free space and permissions of the folder, or choose another with --out',
        cause: error,
      });
    }
  };
  const file = attempt(() => {
    makeFolder(dirname(path));
    return openSync(temporary, 'w', 0o600);
  });
  const flush = (): void => {
    const bytes = Buffer.from(pending.join(''));
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    pending = [];
    length = 0;
  };
  return {
    write(task) {
      const line = `${taskLine(task)}\n`;
      pending.push(line);
      length += line.length;
      if (length >= FLUSH_CHARACTERS) attempt(flush);
    },
    commit() {
      attempt(() => {
        flush();
        fsyncSync(file);
        closeSync(file);
        isOpen = false;
        renameSync(temporary, path);
      });
    },
    abort() {
      if (!isOpen) return;
      isOpen = false;
      closeSync(file);
      rmSync(temporary, { force: true });
    },
  };
}

function taskLine({ id, input, context, expected, observed, category, difficulty, metadata }: Task): string {
  return JSON.stringify({ id, input, context, expected, observed, category, difficulty, metadata });
}
