import type { Span } from '../../../core/trace.ts';
import { EVALUATION_EVENT, fromEvent } from '../../../traces/shared/conventions/evaluations.ts';
import type { LateEvent } from '../../trace-store.ts';
import type { Connection } from '../connection.ts';
import { padded } from './describe.ts';
import { feedbackFrom, saveFeedback } from './feedback.ts';
import { lateEventsOf, withLate } from './late.ts';
import { prepareSpans, saveSpans } from './save.ts';

/**
 * Inside a write transaction: evaluations become feedback; everything else waits for whoever reads the span, and changes
 * at once how a span that is here already is listed and found.
 */
export function saveEvents(connection: Connection, events: readonly LateEvent[]): void {
  const changed = new Map<string, LateEvent>();
  for (const late of events) {
    const { traceId, spanId, ...event } = late;
    if (connection.get('select 1 from deleted_traces where trace_id = ?', traceId) !== undefined) continue;
    if (event.name === EVALUATION_EVENT) {
      const position = `log.${event.timeNs}.${String(event.attributes['gen_ai.evaluation.name'] ?? '')}`;
      saveFeedback(connection, feedbackFrom(fromEvent({ traceId, spanId }, event.attributes, event.timeNs, position)));
    } else {
      const added = connection.run(
        'insert or ignore into late_events (trace_id, span_id, time_ns, body) values (?, ?, ?, ?)',
        traceId,
        spanId,
        padded(event.timeNs),
        JSON.stringify(event),
      );
      if (added > 0) changed.set(`${traceId} ${spanId}`, late);
    }
  }
  saveSpans(connection, prepareSpans([...changed.values()].flatMap((late) => spanOf(connection, late))));
}

function spanOf(connection: Connection, { traceId, spanId }: LateEvent): readonly Span[] {
  return connection
    .all(
      'select body from spans where trace = (select id from traces where trace_id = ?) and span_id = ?',
      traceId,
      spanId,
    )
    .map((row) => connection.parse(row.body) as Span);
}

/** The spans of a trace by start time. */
export function spansOf(connection: Connection, traceId: string): readonly Span[] {
  const late = lateEventsOf(connection, traceId);
  return connection
    .all(
      'select body from spans where trace = (select id from traces where trace_id = ?) order by start_ns, span_id',
      traceId,
    )
    .map((row) => withLate(connection.parse(row.body) as Span, late));
}
