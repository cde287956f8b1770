import type { Prompt } from '../../core/prompt.ts';
import type { Task } from '../../core/task.ts';
import type { Trial } from '../optimizer.ts';

/**
 * For optimizers that never take an old result for a new one: gives the tasks with the next unused sample number of the
 * prompt. To be called in program order only.
 */
export function createFreshTrials(): (prompt: Prompt, tasks: readonly Task[]) => Trial[] {
  const used = new Map<string, number>();
  return (prompt, tasks) =>
    tasks.map((task) => {
      const key = JSON.stringify([prompt.id, task.id]);
      const sample = used.get(key) ?? 0;
      used.set(key, sample + 1);
      return { task, sample };
    });
}

/** The first sample of each task: asked again for the same prompt, it costs nothing. */
export function firstTrials(tasks: readonly Task[]): Trial[] {
  return tasks.map((task) => ({ task, sample: 0 }));
}
