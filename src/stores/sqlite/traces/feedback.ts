import type { Json } from '../../../core/json.ts';
import type { Evaluation } from '../../../traces/shared/conventions/evaluations.ts';
import type { FeedbackRow } from '../../trace-store.ts';
import type { Connection } from '../connection.ts';
import { findResponse, isSettled, responseKey } from './responses.ts';

/** Whose feedback is, in its metadata, where it says so itself: it may never find its trace. */
export const SESSION_KEY = 'session.id';
export const USER_KEY = 'user.id';

/**
 * With the span of the response that it names, where that is known.
 * @returns the trace that it is with now and, if another, the one before: their scores have to be brought up to date
 */
export function saveFeedback(connection: Connection, feedback: FeedbackRow): readonly [string, ...string[]] {
  const named = { traceId: feedback.traceId, spanId: feedback.spanId ?? '' };
  const key = responseKey(feedback.responseId ?? '');
  const place = key === '' ? undefined : findResponse(connection, key, named);
  const { traceId, spanId } = place ?? feedback;
  // The same event again may find another place than before.
  const before = key === '' ? undefined : connection.get('select trace_id from feedback where id = ?', feedback.id);
  const waits = key !== '' && !isSettled(place, named);
  connection.run(
    `insert or replace into feedback (id, trace_id, span_id, name, source, score, label, comment, correction, at,
       metadata, response_id, named_trace, named_span)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    feedback.id,
    traceId,
    spanId,
    feedback.name,
    feedback.source,
    feedback.score,
    feedback.label,
    feedback.comment,
    feedback.correction,
    feedback.at,
    JSON.stringify(feedback.metadata),
    ...(waits ? [key, named.traceId, named.spanId] : [null, null, null]),
  );
  return before === undefined ? [traceId] : [traceId, String(before.trace_id)];
}

/** Brings the trace's mean score and count up to date; nothing happens while no span of it has arrived. */
export function refreshScore(connection: Connection, traceId: string): void {
  connection.run(
    `update traces set
       score = (select avg(score) from feedback where trace_id = ?),
       feedback = (select count(*) from feedback where trace_id = ?)
     where trace_id = ?`,
    traceId,
    traceId,
    traceId,
  );
}

export function feedbackOf(connection: Connection, traceId: string): readonly FeedbackRow[] {
  return connection.all('select * from feedback where trace_id = ? order by at, id', traceId).map((row) => ({
    id: String(row.id),
    traceId: String(row.trace_id),
    spanId: row.span_id === null ? null : String(row.span_id),
    name: String(row.name),
    source: row.source as FeedbackRow['source'],
    score: row.score === null ? null : Number(row.score),
    label: String(row.label),
    comment: String(row.comment),
    correction: row.correction === null ? null : String(row.correction),
    at: String(row.at),
    metadata: JSON.parse(String(row.metadata)) as { [key: string]: Json },
  }));
}

export function feedbackFrom(evaluation: Evaluation): FeedbackRow {
  const { id, traceId, spanId, responseId, name, source, score, label, explanation, correction } = evaluation;
  const { sessionId, userId, timeNs } = evaluation;
  return {
    id,
    traceId,
    spanId: spanId || null,
    responseId,
    name,
    source,
    score,
    label,
    comment: explanation,
    correction,
    at: isoTime(timeNs),
    metadata: {
      ...(sessionId === null ? {} : { [SESSION_KEY]: sessionId }),
      ...(userId === null ? {} : { [USER_KEY]: userId }),
    },
  };
}

/** ISO 8601 of decimal nanoseconds; times that no calendar has are put at its end. */
export function isoTime(nanoseconds: string): string {
  const milliseconds = Number(BigInt(nanoseconds || '0') / 1_000_000n);
  return new Date(Math.min(milliseconds, 8.64e15)).toISOString();
}
