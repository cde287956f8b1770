import type { Span } from '../../../core/trace.ts';
import { readEvaluations } from '../../../traces/shared/conventions/evaluations.ts';
import type { Connection } from '../connection.ts';
import { type Counted, describeSpan, padded, type SpanDescription } from './describe.ts';
import { feedbackFrom, refreshScore, saveFeedback } from './feedback.ts';
import { addToSummary, loadSummary, type Summary, saveSummary } from './summary.ts';

/** Inside a write transaction: stores each span, its words and its evaluations, and brings the summaries up to date. */
export function saveSpans(connection: Connection, spans: readonly Span[]): void {
  const summaries = new Map<string, Summary | 'deleted'>();
  const judged = new Set<string>();
  for (const span of spans) {
    let summary = summaries.get(span.traceId);
    if (summary === undefined) {
      summary = isDeleted(connection, span.traceId) ? 'deleted' : loadSummary(connection, span.traceId);
      summaries.set(span.traceId, summary);
    }
    if (summary === 'deleted') continue;
    const description = describeSpan(span);
    const before = saveSpan(connection, span, description);
    addToSummary(summary, span, description, before);
    for (const evaluation of readEvaluations(span)) {
      saveFeedback(connection, feedbackFrom(evaluation), false);
      judged.add(evaluation.traceId);
    }
  }
  for (const summary of summaries.values()) {
    if (summary === 'deleted') continue;
    if (summary.isNew) judged.add(summary.traceId);
    saveSummary(connection, summary);
  }
  for (const traceId of judged) refreshScore(connection, traceId);
}

function isDeleted(connection: Connection, traceId: string): boolean {
  return connection.get('select 1 from deleted_traces where trace_id = ?', traceId) !== undefined;
}

function saveSpan(connection: Connection, span: Span, description: SpanDescription): Counted | undefined {
  const { counted, words } = description;
  const old = connection.get(
    'select id, failed, input_tokens, output_tokens from spans where trace_id = ? and span_id = ?',
    span.traceId,
    span.spanId,
  );
  const row = connection.get(
    `insert into spans (trace_id, span_id, start_ns, failed, input_tokens, output_tokens, body)
     values (?, ?, ?, ?, ?, ?, ?)
     on conflict (trace_id, span_id) do update set start_ns = excluded.start_ns, failed = excluded.failed,
       input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, body = excluded.body
     returning id`,
    span.traceId,
    span.spanId,
    padded(span.startNs),
    counted.failed,
    counted.inputTokens,
    counted.outputTokens,
    JSON.stringify(span),
  );
  const id = Number(row?.id);
  if (old !== undefined) connection.run('delete from span_words where rowid = ?', id);
  if (words !== '') connection.run('insert into span_words (rowid, words) values (?, ?)', id, words);
  return old === undefined
    ? undefined
    : {
        failed: Number(old.failed),
        inputTokens: Number(old.input_tokens),
        outputTokens: Number(old.output_tokens),
      };
}
