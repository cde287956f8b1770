import type { Span, SpanEvent } from '../../../core/trace.ts';
import { EVALUATION_EVENT, fromEvent } from '../../../traces/shared/conventions/evaluations.ts';
import type { LateEvent } from '../../trace-store.ts';
import type { Connection } from '../connection.ts';
import { padded } from './describe.ts';
import { feedbackFrom, saveFeedback } from './feedback.ts';

/** Inside a write transaction: evaluations become feedback, everything else waits for whoever reads the span. */
export function saveEvents(connection: Connection, events: readonly LateEvent[]): void {
  for (const { traceId, spanId, ...event } of events) {
    if (connection.get('select 1 from deleted_traces where trace_id = ?', traceId) !== undefined) continue;
    if (event.name === EVALUATION_EVENT) {
      const position = `log.${event.timeNs}.${String(event.attributes['gen_ai.evaluation.name'] ?? '')}`;
      saveFeedback(connection, feedbackFrom(fromEvent({ traceId, spanId }, event.attributes, event.timeNs, position)));
    } else {
      connection.run(
        'insert or ignore into late_events (trace_id, span_id, time_ns, body) values (?, ?, ?, ?)',
        traceId,
        spanId,
        padded(event.timeNs),
        JSON.stringify(event),
      );
    }
  }
}

/** The spans of a trace by start time. */
export function spansOf(connection: Connection, traceId: string): readonly Span[] {
  const late = new Map<string, SpanEvent[]>();
  const rows = connection.all('select span_id, body from late_events where trace_id = ? order by time_ns', traceId);
  for (const row of rows) {
    const event = JSON.parse(String(row.body)) as SpanEvent;
    const events = late.get(String(row.span_id));
    if (events === undefined) late.set(String(row.span_id), [event]);
    else events.push(event);
  }
  return connection
    .all(
      'select body from spans where trace = (select id from traces where trace_id = ?) order by start_ns, span_id',
      traceId,
    )
    .map((row) => JSON.parse(String(row.body)) as Span)
    .map((span) => {
      const events = late.get(span.spanId);
      return events === undefined ? span : { ...span, events: [...span.events, ...events] };
    });
}
