import type { TraceFilter, TraceStats } from '../../trace-store.ts';
import type { Connection } from '../connection.ts';
import { conditionsOf, whereOf } from './filter.ts';

/** Names of each kind that are shown. */
const MAX_NAMES = 20;

export function traceStats(connection: Connection, filter: TraceFilter): TraceStats {
  const conditions = conditionsOf(connection, filter);
  const where = whereOf(conditions);
  const row = connection.get(
    [
      `select count(*) as traces, count(distinct t.session_id) as sessions, sum(t.spans) as spans,
         sum(t.errors > 0) as errors, sum(t.input_tokens) as input_tokens, sum(t.output_tokens) as output_tokens,
         avg(t.score) as score,
         avg(case when t.end_ns > t.start_ns
           then (cast(t.end_ns as real) - cast(t.start_ns as real)) / 1e6 end) as duration_ms
       from traces t`,
      where.sql,
    ].join(''),
    ...where.values,
  );
  const names = (kind: 'model' | 'tool'): TraceStats['models'] => {
    const named = whereOf([...conditions, { sql: 'g.kind = ?', values: [kind] }]);
    return connection
      .all(
        [
          'select g.name, count(*) as traces from traces t join trace_names g on g.trace = t.id',
          named.sql,
          ' group by g.name order by count(*) desc, g.name limit ?',
        ].join(''),
        ...named.values,
        MAX_NAMES,
      )
      .map((named) => ({ name: String(named.name), traces: Number(named.traces) }));
  };
  return {
    traces: Number(row?.traces ?? 0),
    sessions: Number(row?.sessions ?? 0),
    spans: Number(row?.spans ?? 0),
    errors: Number(row?.errors ?? 0),
    inputTokens: Number(row?.input_tokens ?? 0),
    outputTokens: Number(row?.output_tokens ?? 0),
    meanScore: row?.score === null || row === undefined ? null : Number(row.score),
    meanDurationMs: Number(row?.duration_ms ?? 0),
    models: names('model'),
    tools: names('tool'),
  };
}
