import { messageOf } from '../../core/errors.ts';
import type { TraceStore } from '../../stores/trace-store.ts';
import { SinkError, type TraceSink } from '../sink.ts';

/** Saves into the trace part of a store (SQLite, Postgres), which the caller opens and closes. */
export function createStoreSink(store: Pick<TraceStore, 'saveSpans'>, name = 'store'): TraceSink {
  return {
    name,
    async write(spans) {
      try {
        await store.saveSpans(spans);
      } catch (error) {
        throw new SinkError(`cannot save spans: ${messageOf(error)}`, { retryable: true, cause: error });
      }
    },
    async close() {},
  };
}
