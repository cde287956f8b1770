import { createHash } from 'node:crypto';
import type { Task } from '../core/task.ts';

/**
 * Equal for tasks with the same input and context, a text of 12 characters. Messages of our readers have a fixed key
 * order, so plain JSON is canonical and much cheaper than sorting keys; a longer slice would keep its parent in memory.
 */
export function contentKey(task: Pick<Task, 'input' | 'context'>): string {
  return createHash('sha256')
    .update(JSON.stringify([task.input, task.context]))
    .digest('binary')
    .slice(0, 12);
}
