import type { Span } from '../../../core/trace.ts';
import { readEvaluations } from '../../../traces/shared/conventions/evaluations.ts';
import type { Connection } from '../connection.ts';
import { type Counted, describeSpan, padded, type SpanDescription } from './describe.ts';
import { feedbackFrom, hasFeedback, refreshScore, saveFeedback } from './feedback.ts';
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
  for (const { traceId, isNew } of summaries.values()) {
    if (isNew && isDeleted(connection, traceId)) summaries.delete(traceId);
  }
  const wanted = prepared.flatMap((one) => {
    const summary = summaries.get(one.span.traceId);
    return summary === undefined ? [] : [{ ...one, summary }];
  });
  const added = new Map<Summary, number>();
  const rows = wanted.map((one) => {
    const count = added.get(one.summary) ?? 0;
    const saved = saveSpan(connection, one, one.summary.id, spanRowId(one.summary, one.summary.spans + count));
    if (saved.before === undefined) added.set(one.summary, count + 1);
    return saved;
  });
  wanted.forEach((one, index) => {
    saveWords(connection, one.description.words, rows[index] as SavedSpan);
  });
  wanted.forEach(({ summary, span, description }, index) => {
    addToSummary(summary, span, description, rows[index]?.before);
  });
  for (const summary of summaries.values()) saveSummary(connection, summary);
  const judged = new Set<string>();
  for (const { traceId, isNew } of summaries.values())
    if (isNew && hasFeedback(connection, traceId)) judged.add(traceId);
  for (const evaluation of wanted.flatMap(({ span }) => readEvaluations(span))) {
    saveFeedback(connection, feedbackFrom(evaluation), false);
    judged.add(evaluation.traceId);
  }
  for (const traceId of judged) refreshScore(connection, traceId);
}

function isDeleted(connection: Connection, traceId: string): boolean {
  return connection.get('select 1 from deleted_traces where trace_id = ?', traceId) !== undefined;
}

type SavedSpan = {
  readonly id: number;
  /** What it counted for before, when it was known already. */
  readonly before: Counted | undefined;
};

function saveSpan(
  connection: Connection,
  { span, body, description }: Prepared,
  trace: number,
  newId: number,
): SavedSpan {
  const { counted } = description;
  const old = connection.get(
    'select failed, input_tokens, output_tokens from spans where trace = ? and span_id = ?',
    trace,
    span.spanId,
  );
  const row = connection.get(
    `insert into spans (id, trace, span_id, start_ns, failed, input_tokens, output_tokens, body)
     values (?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (trace, span_id) do update set start_ns = excluded.start_ns, failed = excluded.failed,
       input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, body = excluded.body
     returning id`,
    newId,
    trace,
    span.spanId,
    padded(span.startNs),
    counted.failed,
    counted.inputTokens,
    counted.outputTokens,
    body,
  );
  return {
    id: Number(row?.id),
    before:
      old === undefined
        ? undefined
        : {
            failed: Number(old.failed),
            inputTokens: Number(old.input_tokens),
            outputTokens: Number(old.output_tokens),
          },
  };
}

function saveWords(connection: Connection, words: string, { id, before }: SavedSpan): void {
  if (before !== undefined) connection.run('delete from span_words where rowid = ?', id);
  if (words !== '') connection.run('insert into span_words (rowid, words) values (?, ?)', id, words);
}
