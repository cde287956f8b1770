import type { Task } from '../../core/task.ts';
import type { RolloutStore } from '../../stores/store.ts';
import { type HashId, sampleOfRollout, sampleOfTask } from './samples.ts';
import type { SampleSource } from './source.ts';

/** The rollouts of one run. Tasks, where they are known, bring reference answers, sessions and users. */
export function rolloutSource(
  rollouts: RolloutStore,
  runId: string,
  hash: HashId,
  tasks: ReadonlyMap<string, Task> = new Map(),
): SampleSource {
  return {
    async *read() {
      for await (const stored of rollouts.list({ runId })) {
        yield sampleOfRollout(stored, { hash, task: tasks.get(stored.rollout.taskId) });
      }
    },
    async get(id) {
      const stored = await rollouts.get(id);
      return stored && sampleOfRollout(stored, { hash, task: tasks.get(stored.rollout.taskId) });
    },
  };
}

/** Recorded turns: of a history or a data set. */
export function taskSource(read: () => AsyncIterable<Task>, kind: 'history' | 'dataset', hash: HashId): SampleSource {
  return {
    async *read() {
      for await (const task of read()) yield sampleOfTask(task, kind, { hash });
    },
  };
}
