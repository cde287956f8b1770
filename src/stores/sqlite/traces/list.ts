import { ApoError } from '../../../core/errors.ts';
import type { TraceFilter, TracePage, TracePageRequest, TraceSummary } from '../../trace-store.ts';
import type { Connection, Row } from '../connection.ts';
import { behind, type Condition, conditionsOf, newestTraces } from './filter.ts';
import { newestWithWords } from './search.ts';

const DEFAULT_LIMIT = 50;

export function listTraces(connection: Connection, filter: TraceFilter, page: TracePageRequest): TracePage {
  const limit = page.limit ?? DEFAULT_LIMIT;
  const after = page.after === undefined ? [] : [behindCursor(page.after)];
  const read = filter.text === undefined ? undefined : newestWithWords(connection, filter, after, limit + 1);
  const rows = read ?? newestTraces(connection, [...conditionsOf(connection, filter), ...after], limit + 1);
  const traces = rows.slice(0, limit).map(summaryFrom);
  const last = rows[limit - 1];
  return { traces, next: rows.length > limit && last !== undefined ? `${last.start_ns}_${last.trace_id}` : null };
}

function behindCursor(cursor: string): Condition {
  const [whole, startNs = '', traceId = ''] = /^(\d{20})_([0-9a-f]{32})$/.exec(cursor) ?? [];
  if (whole === undefined)
    throw new ApoError('usage', 'the page cursor is not one of ours', { hint: 'start without it' });
  return behind(startNs, traceId);
}

export function findTrace(connection: Connection, reference: string): TraceSummary | undefined {
  const prefix = reference.toLowerCase();
  if (!/^[0-9a-f]{1,32}$/.test(prefix)) return undefined;
  const rows = connection.all(
    'select * from traces where trace_id >= ? and trace_id <= ? limit 2',
    prefix,
    prefix.padEnd(32, 'f'),
  );
  return rows.length === 1 && rows[0] !== undefined ? summaryFrom(rows[0]) : undefined;
}

function summaryFrom(row: Row): TraceSummary {
  const startNs = unpadded(row.start_ns);
  const endNs = unpadded(row.end_ns);
  const durationNs = endNs === '' ? 0n : BigInt(endNs) - BigInt(startNs);
  return {
    traceId: String(row.trace_id),
    name: String(row.name),
    sessionId: row.session_id === null ? null : String(row.session_id),
    userId: row.user_id === null ? null : String(row.user_id),
    service: String(row.service),
    startNs,
    endNs,
    durationMs: durationNs > 0n ? Number(durationNs / 1000n) / 1000 : 0,
    status: Number(row.errors) > 0 ? 'error' : 'ok',
    spans: Number(row.spans),
    errors: Number(row.errors),
    models: JSON.parse(String(row.models)) as string[],
    tools: JSON.parse(String(row.tools)) as string[],
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    score: row.score === null ? null : Number(row.score),
    feedback: Number(row.feedback),
    input: String(row.input),
    output: String(row.output),
  };
}

function unpadded(value: Row[string] | undefined): string {
  const text = String(value ?? '');
  return text === '' ? '' : text.replace(/^0+(?=\d)/, '');
}
