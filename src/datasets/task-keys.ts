import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/json.ts';
import type { Task } from '../core/task.ts';

/** Bytes of a key. Two tasks of a million share one in one of 500 runs, and a hash over all tasks then tells. */
const KEY_BYTES = 6;

/** Which tasks a run is made of, in 8 characters each: short enough to stand in the row of the run. */
export function taskKeys(tasks: readonly Task[]): string {
  return tasks.map(keyOf).join('');
}

/** Whether a task is one of those of {@link taskKeys}, as it was then. */
export function isOneOf(keys: string): (task: Task) => boolean {
  const length = (KEY_BYTES / 3) * 4;
  const known = new Set(
    Array.from({ length: keys.length / length }, (_, at) => keys.slice(at * length, (at + 1) * length)),
  );
  return (task) => known.has(keyOf(task));
}

function keyOf(task: Task): string {
  return createHash('sha256').update(canonicalJson(task)).digest().subarray(0, KEY_BYTES).toString('base64');
}
