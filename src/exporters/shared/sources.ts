import type { Task } from '../../core/task.ts';
import type { HistoryRecord } from '../../history/source.ts';
import type { RolloutStore } from '../../stores/store.ts';
import { type HashId, sampleOfRollout, sampleOfTask, type Taken } from './samples.ts';
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
export function taskSource(
  read: () => AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>,
  kind: 'history' | 'dataset',
  hash: HashId,
): SampleSource {
  return {
    async *read() {
      for await (const record of read()) {
        if (record.kind === 'task') yield sampleOfTask(record.task, kind, { hash });
        else if (record.replaced === undefined) yield { ok: false, reason: 'the record cannot be read' };
        else yield superseded(sampleOfTask(record.replaced, kind, { hash }));
      }
    },
  };
}

/** What a user had regenerated is nothing to learn from; only the pair with its successor is. */
function superseded(taken: Taken): Taken {
  return taken.ok ? { ok: false, reason: 'replaced by a newer answer', superseded: taken.sample } : taken;
}
