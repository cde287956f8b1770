import type { Span, SpanEvent } from '../../../core/trace.ts';
import type { Connection } from '../connection.ts';

/** The events of a trace that arrived apart from their spans, by span, oldest first. */
export function lateEventsOf(connection: Connection, traceId: string): ReadonlyMap<string, readonly SpanEvent[]> {
  const late = new Map<string, SpanEvent[]>();
  const rows = connection.all('select span_id, body from late_events where trace_id = ? order by time_ns', traceId);
  for (const row of rows) {
    const event = connection.parse(row.body) as SpanEvent;
    const events = late.get(String(row.span_id));
    if (events === undefined) late.set(String(row.span_id), [event]);
    else events.push(event);
  }
  return late;
}

export function withLate(span: Span, late: ReadonlyMap<string, readonly SpanEvent[]> | undefined): Span {
  const events = late?.get(span.spanId);
  return events === undefined ? span : { ...span, events: [...span.events, ...events] };
}
