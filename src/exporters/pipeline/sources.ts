import type { Task } from '../../core/task.ts';
import type { HistoryRecord } from '../../history/source.ts';
import type { RolloutStore } from '../../stores/store.ts';
import type { TraceFilter, TraceStore, TraceSummary } from '../../stores/trace-store.ts';
import { assembleTrace } from '../../traces/shared/conventions/assemble.ts';
import { withoutSubAgents } from '../../traces/shared/conventions/sub-agents.ts';
import { type HashId, sampleOfRollout, sampleOfTask, sampleOfTrace, type Taken } from './samples.ts';
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

const PAGE_TRACES = 100;

/**
 * Production traces, of one session or all, with what people and judges said about them. Traces of training runs are
 * rollouts, which have an export of their own.
 */
export function traceSource(traces: TraceStore, filter: TraceFilter, hash: HashId): SampleSource {
  return {
    async *read() {
      let after: string | undefined;
      do {
        const page = await traces.list(filter, { limit: PAGE_TRACES, ...(after === undefined ? {} : { after }) });
        for (const summary of page.traces) yield await readTrace(traces, summary, hash);
        after = page.next ?? undefined;
      } while (after !== undefined);
    },
    async get(id) {
      const summary = await traces.find(id);
      return summary && readTrace(traces, summary, hash);
    },
  };
}

async function readTrace(traces: TraceStore, summary: TraceSummary, hash: HashId): Promise<Taken> {
  const { traceId, status, score, sessionId, userId } = summary;
  if (summary.service === 'apo') return { ok: false, reason: 'the trace of a training run, see --run' };
  const { events, tools } = assembleTrace(withoutSubAgents(await traces.spans(traceId)));
  const feedback = summary.feedback === 0 ? [] : await traces.feedback(traceId);
  const correction = feedback.findLast((given) => given.correction !== null)?.correction ?? null;
  const reason = feedback.flatMap(({ comment }) => (comment === '' ? [] : [comment])).join('\n');
  return sampleOfTrace({ traceId, events, tools, status, score, reason, correction, sessionId, userId }, { hash });
}
