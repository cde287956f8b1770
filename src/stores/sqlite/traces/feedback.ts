import type { Json } from '../../../core/json.ts';
import type { Evaluation } from '../../../traces/shared/conventions/evaluations.ts';
import type { Feedback } from '../../trace-store.ts';
import type { Connection } from '../connection.ts';

export function saveFeedback(connection: Connection, feedback: Feedback, refresh = true): void {
  connection.run(
    `insert or replace into feedback
       (id, trace_id, span_id, name, source, score, label, comment, correction, at, metadata)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    feedback.id,
    feedback.traceId,
    feedback.spanId,
    feedback.name,
    feedback.source,
    feedback.score,
    feedback.label,
    feedback.comment,
    feedback.correction,
    feedback.at,
    JSON.stringify(feedback.metadata),
  );
  if (refresh) refreshScore(connection, feedback.traceId);
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

export function feedbackOf(connection: Connection, traceId: string): readonly Feedback[] {
  return connection.all('select * from feedback where trace_id = ? order by at, id', traceId).map((row) => ({
    id: String(row.id),
    traceId: String(row.trace_id),
    spanId: row.span_id === null ? null : String(row.span_id),
    name: String(row.name),
    source: row.source as Feedback['source'],
    score: row.score === null ? null : Number(row.score),
    label: String(row.label),
    comment: String(row.comment),
    correction: row.correction === null ? null : String(row.correction),
    at: String(row.at),
    metadata: JSON.parse(String(row.metadata)) as { [key: string]: Json },
  }));
}

export function feedbackFrom(evaluation: Evaluation): Feedback {
  const { id, traceId, spanId, name, source, score, label, explanation, correction, timeNs } = evaluation;
  return {
    id,
    traceId,
    spanId: spanId || null,
    name,
    source,
    score,
    label,
    comment: explanation,
    correction,
    at: isoTime(timeNs),
    metadata: {},
  };
}

/** ISO 8601 of decimal nanoseconds; times that no calendar has are put at its end. */
export function isoTime(nanoseconds: string): string {
  const milliseconds = Number(BigInt(nanoseconds || '0') / 1_000_000n);
  return new Date(Math.min(milliseconds, 8.64e15)).toISOString();
}
