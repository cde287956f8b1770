import type { Span } from '../../../core/trace.ts';
import { readEvaluations } from '../../../traces/shared/conventions/evaluations.ts';
import type { Connection } from '../connection.ts';
import { type Counted, describeSpan, padded, type SpanDescription } from './describe.ts';
import { feedbackFrom, refreshScore, saveFeedback } from './feedback.ts';
import { lateEventsOf, withLate } from './late.ts';
import { saveResponse, settleFeedback } from './responses.ts';
import { addToSummary, loadSummaries, type Summary, saveSummary, spanRowId } from './summary.ts';

type Prepared = { readonly span: Span; readonly body: string; readonly description: SpanDescription };

/** What can be done before the write lock is taken. */
export function prepareSpans(spans: readonly Span[]): readonly Prepared[] {
  return spans.map((span) => ({ span, body: JSON.stringify(span), description: describeSpan(span) }));
}

/**
 * Inside a write transaction: stores each span, its words and its evaluations, and brings the summaries up to date. Table
 * by table, because that is several times faster than span by span.
 */
export function saveSpans(connection: Connection, prepared: readonly Prepared[]): void {
  const traceIds = [...new Set(prepared.map(({ span }) => span.traceId))];
  const summaries = loadSummaries(connection, traceIds);
  const judged = new Set<string>();
  for (const { traceId, isNew } of summaries.values()) {
    if (!isNew) continue;
    const { isDeleted, hasFeedback } = earlierOf(connection, traceId);
    if (isDeleted) summaries.delete(traceId);
    else if (hasFeedback) judged.add(traceId);
  }
  // Most stores never see an event apart from its span: one look spares one for each trace.
  const anyLate = connection.get('select 1 from late_events limit 1') !== undefined;
  const early = new Map(anyLate ? traceIds.map((traceId) => [traceId, lateEventsOf(connection, traceId)]) : []);
  const added = new Map<Summary, number>();
  const saved = prepared.flatMap((one) => {
    const { span } = one;
    const summary = summaries.get(span.traceId);
    if (summary === undefined) return [];
    const whole = withLate(span, early.get(span.traceId));
    const description = whole === span ? one.description : describeSpan(whole);
    const count = added.get(summary) ?? 0;
    const { id, before } = saveSpan(
      connection,
      one,
      description,
      summary.id,
      spanRowId(summary, summary.spans + count),
    );
    if (before === undefined) added.set(summary, count + 1);
    return [{ id, before, span, description, summary }];
  });
  // A full-text index starts a new segment, which has to be merged later, whenever a row id is smaller than the one before.
  const ascending = saved.toSorted((a, b) => a.id - b.id);
  for (const row of ascending) saveWords(connection, row.description.words, row);
  for (const { summary, span, description, before } of saved) addToSummary(summary, span, description, before);
  for (const summary of summaries.values()) saveSummary(connection, summary);
  const responses = new Map<string, Set<string>>();
  for (const { id, before, span, description } of ascending) {
    const { responseId } = description.facts;
    saveResponse(connection, id, responseId, before === undefined);
    if (responseId === '') continue;
    const traces = responses.get(responseId);
    if (traces === undefined) responses.set(responseId, new Set([span.traceId]));
    else traces.add(span.traceId);
  }
  for (const evaluation of saved.flatMap(({ span }) => readEvaluations(span))) {
    for (const traceId of saveFeedback(connection, feedbackFrom(evaluation))) judged.add(traceId);
  }
  for (const traceId of settleFeedback(connection, responses)) judged.add(traceId);
  for (const traceId of judged) refreshScore(connection, traceId);
}

/** What is known of a trace before its first span: whether it was deleted, and whether somebody judged it. */
function earlierOf(connection: Connection, traceId: string): { isDeleted: boolean; hasFeedback: boolean } {
  const row = connection.get(
    `select exists (select 1 from deleted_traces where trace_id = ?) as deleted,
       exists (select 1 from feedback where trace_id = ?) as judged`,
    traceId,
    traceId,
  );
  return { isDeleted: row?.deleted === 1, hasFeedback: row?.judged === 1 };
}

type SavedSpan = {
  readonly id: number;
  /** What it counted for before, when it was known already. */
  readonly before: Counted | undefined;
};

/** Most spans are new: those cost one statement. */
function saveSpan(
  connection: Connection,
  { span, body }: Prepared,
  description: SpanDescription,
  trace: number,
  newId: number,
): SavedSpan {
  const { failed, inputTokens, outputTokens } = description.counted;
  const values = [padded(span.startNs), failed, inputTokens, outputTokens, body] as const;
  const added = connection.run(
    `insert into spans (id, trace, span_id, start_ns, failed, input_tokens, output_tokens, body)
     values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (trace, span_id) do nothing`,
    newId,
    trace,
    span.spanId,
    ...values,
  );
  if (added > 0) return { id: newId, before: undefined };
  const old = connection.get(
    'select id, failed, input_tokens, output_tokens from spans where trace = ? and span_id = ?',
    trace,
    span.spanId,
  );
  const id = Number(old?.id);
  connection.run(
    'update spans set start_ns = ?, failed = ?, input_tokens = ?, output_tokens = ?, body = ? where id = ?',
    ...values,
    id,
  );
  const before = {
    failed: Number(old?.failed),
    inputTokens: Number(old?.input_tokens),
    outputTokens: Number(old?.output_tokens),
  };
  return { id, before };
}

function saveWords(connection: Connection, words: string, { id, before }: SavedSpan): void {
  if (before !== undefined) connection.run('delete from span_words where rowid = ?', id);
  if (words !== '') connection.run('insert into span_words (rowid, words) values (?, ?)', id, words);
}
