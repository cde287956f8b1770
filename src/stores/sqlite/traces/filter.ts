import { ApoError } from '../../../core/errors.ts';
import type { TraceFilter } from '../../trace-store.ts';
import type { Connection, Row, Value } from '../connection.ts';
import { padded } from './describe.ts';
import { wordsQuery } from './words.ts';

/** A `where` clause of constant fragments; every value is bound. */
export type Condition = { readonly sql: string; readonly values: readonly Value[] };

export function conditionsOf(connection: Connection, filter: TraceFilter): readonly Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: readonly Value[]): void => void conditions.push({ sql, values });
  if (filter.sessionId !== undefined) add('t.session_id = ?', filter.sessionId);
  if (filter.userId !== undefined) add('t.user_id = ?', filter.userId);
  if (filter.status === 'error') add('t.errors > 0');
  if (filter.status === 'ok') add('t.errors = 0');
  if (filter.minScore !== undefined) add('t.score is not null and t.score >= ?', filter.minScore);
  if (filter.maxScore !== undefined) add('t.score is not null and t.score <= ?', filter.maxScore);
  if (filter.since !== undefined) add('t.start_ns >= ?', startOf(filter.since, 'since'));
  if (filter.until !== undefined) add('t.start_ns <= ?', endOf(filter.until, 'until'));
  if (filter.model !== undefined) conditions.push(namedCondition(connection, 'model', filter.model));
  if (filter.tool !== undefined) conditions.push(namedCondition(connection, 'tool', filter.tool));
  if (filter.text !== undefined) conditions.push(wordsCondition(connection, filter.text));
  return conditions;
}

/** Names that fewer traces have are looked up first; with more, a page is full before many traces were looked at. */
const RARE = 1_000;
const NAMED_RARE = 't.id in (select n.trace from trace_names n where n.kind = ? and n.name = ?)';
const NAMED = 'exists (select 1 from trace_names n where n.kind = ? and n.name = ? and n.trace = t.id)';

function namedCondition(connection: Connection, kind: 'model' | 'tool', name: string): Condition {
  const found = connection.get(
    'select count(*) as n from (select 1 from trace_names where kind = ? and name = ? limit ?)',
    kind,
    name,
    RARE,
  );
  return { sql: Number(found?.n) < RARE ? NAMED_RARE : NAMED, values: [kind, name] };
}

export function whereOf(conditions: readonly Condition[]): Condition {
  return {
    sql: conditions.length === 0 ? '' : ` where ${conditions.map(({ sql }) => sql).join(' and ')}`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** Traces, newest first: the order of all lists, in which pages are cut by {@link behind}. */
export function newestTraces(connection: Connection, conditions: readonly Condition[], limit: number): readonly Row[] {
  const where = whereOf(conditions);
  return connection.all(
    ['select t.* from traces t', where.sql, ' order by t.start_ns desc, t.trace_id desc limit ?'].join(''),
    ...where.values,
    limit,
  );
}

/** What comes after a trace in that order. Not an offset: so the thousandth page costs what the first did. */
export function behind(startNs: Value, traceId: Value): Condition {
  return { sql: '(t.start_ns, t.trace_id) < (?, ?)', values: [startNs, traceId] };
}

function wordsCondition(connection: Connection, text: string): Condition {
  const query = wordsQuery(connection, text);
  if (query === undefined) return { sql: '0', values: [] };
  // The upper bits of a span's id are its trace's, see 0002-traces.sql.
  return { sql: 't.id in (select rowid >> 24 from span_words where span_words match ?)', values: [query] };
}

/** A date alone means its first moment as `since` and its last as `until`. */
function startOf(date: string, name: string): string {
  return padded(`${milliseconds(date, name)}000000`);
}

function endOf(date: string, name: string): string {
  const dayMs = /^\d{4}-\d{2}-\d{2}$/.test(date) ? 24 * 3600 * 1000 - 1 : 0;
  return padded(`${milliseconds(date, name) + dayMs}999999`);
}

function milliseconds(date: string, name: string): number {
  const time = Date.parse(date);
  if (Number.isNaN(time) || time < 0) {
    throw new ApoError('usage', `--${name} "${date}" is not a date`, {
      hint: 'write 2026-11-21 or 2026-11-21T08:30:00Z',
    });
  }
  return time;
}
