import type { Span } from '../../core/trace.ts';
import type { TraceStore } from '../trace-store.ts';
import type { Connection } from './connection.ts';

export function createTraceStore(connection: Connection): TraceStore {
  return {
    async saveSpans(spans) {
      connection.write(() => {
        for (const span of spans) {
          connection.run(
            'insert or replace into spans (trace_id, span_id, start_ns, body) values (?, ?, ?, ?)',
            span.traceId,
            span.spanId,
            span.startNs,
            JSON.stringify(span),
          );
        }
      });
    },
    async spans(traceId) {
      return connection
        .all('select body from spans where trace_id = ? order by cast(start_ns as integer), span_id', traceId)
        .map((row) => JSON.parse(String(row.body)) as Span);
    },
  };
}
