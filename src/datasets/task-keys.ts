import { hashOf } from '../core/json.ts';
import type { Task } from '../core/task.ts';

/** Two tasks of a million share a key in one of 500 runs, and a hash over all tasks then tells. */
const KEY_BYTES = 6;
/** Of a key in base64. */
const KEY_LENGTH = 8;

/** Which tasks a run is made of, in 8 characters each: short enough to stand in the row of the run. */
export function taskKeys(tasks: readonly Task[]): string {
  return tasks.map(keyOf).join('');
}

/** Whether a task is one of those of {@link taskKeys}, as it was then. */
export function isOneOf(keys: string): (task: Task) => boolean {
  const known = new Set<string>();
  for (let at = 0; at < keys.length; at += KEY_LENGTH) known.add(keys.slice(at, at + KEY_LENGTH));
  return (task) => known.has(keyOf(task));
}

function keyOf(task: Task): string {
  return Buffer.from(hashOf(task).slice(0, 2 * KEY_BYTES), 'hex').toString('base64');
}
