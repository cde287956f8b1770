import type { Span } from '../../../core/trace.ts';
import type { TraceFilter } from '../../trace-store.ts';
import type { Connection, Row } from '../connection.ts';
import { describeSpan } from './describe.ts';
import { behind, type Condition, conditionsOf, newestTraces } from './filter.ts';
import { lateEventsOf, withLate } from './late.ts';
import { emptyWords, wordsQuery } from './words.ts';

/** Traces that are looked at together, after the first page's worth. */
const CHUNK = 100;
/** So many are looked at for one page at most; when it takes more, the index over all is faster. */
const MAX_WALKED = 500;
/** A trace with more spans is left to the index. */
const MAX_SPANS = 500;

/**
 * The newest traces with these words, found by reading the newest traces until there are enough: the index has to go
 * through every trace that a frequent word occurs in before it can say which are the newest. What is read goes through
 * an index of its own in memory, so that both find the same.
 * @returns undefined where the words are so rare that asking the index is faster
 */
export function newestWithWords(
  connection: Connection,
  { text = '', ...filter }: TraceFilter,
  after: readonly Condition[],
  wanted: number,
): readonly Row[] | undefined {
  const query = wordsQuery(connection, text);
  if (query === undefined) return [];
  const conditions = conditionsOf(connection, filter);
  const found: Row[] = [];
  let cursor = after;
  let walked = 0;
  for (;;) {
    const chunk = walked === 0 ? Math.min(wanted, CHUNK) : CHUNK;
    walked += chunk;
    const rows = newestTraces(connection, [...conditions, ...cursor], chunk);
    if (rows.some((row) => Number(row.spans) > MAX_SPANS)) return undefined;
    const hits = tracesWithWords(connection, rows, query);
    found.push(...rows.filter((row) => hits.has(Number(row.id))));
    if (found.length >= wanted || rows.length < chunk) return found.slice(0, wanted);
    if ((walked * wanted) / found.length > MAX_WALKED) return undefined;
    const last = rows.at(-1);
    cursor = [behind(last?.start_ns ?? null, last?.trace_id ?? null)];
  }
}

function tracesWithWords(connection: Connection, traces: readonly Row[], query: string): ReadonlySet<number> {
  emptyWords(connection);
  const texts = traces.flatMap(({ id: trace, trace_id }) => {
    const late = lateEventsOf(connection, String(trace_id));
    return connection
      .all('select id, body from spans where trace = ?', trace ?? null)
      .map(({ id, body }) => [id, describeSpan(withLate(connection.parse(body) as Span, late)).words]);
  });
  connection.scratch(
    "insert into temp.read_words (rowid, words) select value ->> 0, value ->> 1 from json_each(?) where value ->> 1 <> ''",
    JSON.stringify(texts),
  );
  const rows = connection.all(
    'select distinct rowid >> 24 as trace from temp.read_words where read_words match ?',
    query,
  );
  return new Set(rows.map(({ trace }) => Number(trace)));
}
