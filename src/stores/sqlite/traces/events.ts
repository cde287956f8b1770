import type { Span, SpanEvent } from '../../../core/trace.ts';
import { EVALUATION_EVENT, fromEvent, RESPONSE_ID } from '../../../traces/shared/conventions/evaluations.ts';
import type { LateEvent } from '../../trace-store.ts';
import type { Connection } from '../connection.ts';
import { padded } from './describe.ts';
import { feedbackFrom, refreshScore, saveFeedback } from './feedback.ts';
import { lateEventsOf, withLate } from './late.ts';
import { findResponse, responseKey } from './responses.ts';
import { prepareSpans, saveSpans } from './save.ts';

/**
 * Inside a write transaction: evaluations become feedback; everything else waits for whoever reads the span, and changes
 * at once how a span that is here already is listed and found.
 */
export function saveEvents(connection: Connection, events: readonly LateEvent[]): void {
  const changed = new Map<string, LateEvent>();
  for (const late of events) {
    const { traceId, spanId, ...event } = late;
    const isDeleted = connection.get('select 1 from deleted_traces where trace_id = ?', traceId) !== undefined;
    if (event.name === EVALUATION_EVENT) {
      const { attributes, timeNs } = event;
      const evaluation = fromEvent({ traceId, spanId }, attributes, timeNs, positionOf(event));
      // The deleted trace may be the evaluator's own.
      const { responseId } = evaluation;
      if (isDeleted && findResponse(connection, responseKey(responseId), evaluation) === undefined) continue;
      for (const changed of saveFeedback(connection, feedbackFrom(evaluation))) refreshScore(connection, changed);
    } else if (!isDeleted) {
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

/** What tells two evaluations apart that came with the same ids, or with none. */
function positionOf({ timeNs, attributes }: SpanEvent): string {
  const position = `log.${timeNs}.${String(attributes['gen_ai.evaluation.name'] ?? '')}`;
  const responseId = attributes[RESPONSE_ID] ?? '';
  return responseId === '' ? position : `${position}.${String(responseId)}`;
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
