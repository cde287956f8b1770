import type { Task } from '../../src/core/task.ts';

/** A task with nothing but its input, and what the test adds. */
export function makeTask(input: string, more: Partial<Task> = {}): Task {
  return {
    id: input,
    input,
    context: [],
    expected: null,
    observed: null,
    category: null,
    difficulty: null,
    metadata: {},
    ...more,
  };
}
