import type { Task } from '../core/task.ts';
import { createAtomicStream } from '../platform/atomic-stream.ts';

export type TaskWriter = {
  /** One line of JSON with the keys of {@link Task}, in its order. */
  write(task: Task): void;
  /** Makes the file appear under its name, as a whole. */
  commit(): void;
  /** Leaves nothing behind; does nothing after {@link commit}. */
  abort(): void;
};

/**
 * Writes a dataset file of any size in constant memory; readers never see a part of it.
 * @throws ApoError `file-write`
 */
export function createTaskWriter(path: string): TaskWriter {
  const stream = createAtomicStream(path);
  return {
    write: (task) => stream.write(`${taskLine(task)}\n`),
    commit: stream.commit,
    abort: stream.discard,
  };
}

function taskLine({ id, input, context, expected, observed, category, difficulty, metadata }: Task): string {
  return JSON.stringify({ id, input, context, expected, observed, category, difficulty, metadata });
}
