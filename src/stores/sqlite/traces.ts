import type { TraceStore } from '../trace-store.ts';
import type { Connection } from './connection.ts';
import { deleteStrays, deleteTraces } from './traces/delete.ts';
import { saveEvents, spansOf } from './traces/events.ts';
import { feedbackOf, refreshScore, saveFeedback } from './traces/feedback.ts';
import { findTrace, listTraces } from './traces/list.ts';
import { prepareSpans, saveSpans } from './traces/save.ts';
import { traceStats } from './traces/stats.ts';

/** Spans as whole JSON texts, and a summary row for each trace that is kept up to date in the same transaction. */
export function createTraceStore(connection: Connection): TraceStore {
  return {
    async saveSpans(spans) {
      if (spans.length === 0) return;
      const prepared = prepareSpans(spans);
      await connection.commit(() => saveSpans(connection, prepared));
    },
    async saveEvents(events) {
      if (events.length > 0) await connection.commit(() => saveEvents(connection, events));
    },
    spans: async (traceId) => spansOf(connection, traceId),
    find: async (reference) => findTrace(connection, reference),
    list: async (filter, page = {}) => listTraces(connection, filter, page),
    stats: async (filter) => traceStats(connection, filter),
    delete: (target, options = {}) => deleteTraces(connection, target, options),
    deleteStrays: async (until) => deleteStrays(connection, until),
    async addFeedback(feedback) {
      return await connection.commit(() => {
        const changed = saveFeedback(connection, feedback);
        for (const traceId of changed) refreshScore(connection, traceId);
        return changed[0];
      });
    },
    feedback: async (traceId) => feedbackOf(connection, traceId),
  };
}
