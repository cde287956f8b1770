import type { Connection } from '../connection.ts';
import { SPANS_PER_TRACE } from './summary.ts';

/** Characters of a response id that count; providers' have 20 to 80. */
const MAX_ID_LENGTH = 128;
/** Spans of one id that are looked at, the last to arrive: real ids are unique, those of simulated models may be constant. */
const MAX_SPANS = 1000;

/** A trace and span as an evaluation names them; '' where it names none. */
export type Named = { readonly traceId: string; readonly spanId: string };

export function responseKey(responseId: string): string {
  return responseId.slice(0, MAX_ID_LENGTH);
}

/** A response id as `span_responses` has it, see 0003-responses.sql. */
function wordOf(key: string): string {
  return Buffer.from(key).toString('hex');
}

/** New spans without an id cost nothing. */
export function saveResponse(connection: Connection, span: number, responseId: string, isNew: boolean): void {
  if (!isNew) connection.run('delete from span_responses where rowid = ?', span);
  if (responseId === '') return;
  connection.run('insert into span_responses (rowid, response) values (?, ?)', span, wordOf(responseKey(responseId)));
}

/**
 * The span of a response: the named one if it has that id, else the latest with it in the named trace, else the latest of
 * all. Ids are unique at real providers, but not in replays and behind caches and simulated models.
 */
export function findResponse(connection: Connection, key: string, named: Named): Named | undefined {
  return inTrace(connection, key, named) ?? latest(connection, key, '', 0, Number.MAX_SAFE_INTEGER);
}

function inTrace(connection: Connection, key: string, { traceId, spanId }: Named): Named | undefined {
  if (traceId === '') return undefined;
  const trace = connection.get('select id from traces where trace_id = ?', traceId);
  if (trace === undefined) return undefined;
  const first = Number(trace.id) * SPANS_PER_TRACE;
  return latest(connection, key, spanId, first, first + SPANS_PER_TRACE - 1);
}

/** Among the spans with row ids from `first` to `last`; the preferred one before all others. */
function latest(
  connection: Connection,
  key: string,
  preferred: string,
  first: number,
  last: number,
): Named | undefined {
  if (key === '') return undefined;
  const row = connection.get(
    `select trace_id, span_id from (
       select rowid as span from span_responses
       where span_responses match ? and rowid between ? and ? order by rowid desc limit ${MAX_SPANS}
     ) join spans on spans.id = span join traces on traces.id = spans.trace
     order by span_id = ? desc, spans.start_ns desc, span_id desc, trace_id desc limit 1`,
    wordOf(key),
    first,
    last,
    preferred,
  );
  return row === undefined ? undefined : { traceId: String(row.trace_id), spanId: String(row.span_id) };
}

/**
 * Brings feedback that was waiting for one of these responses, or lay with another span of the same id, to its span.
 * @param arrived the traces in which spans with a response id arrived, by that id
 * @returns the traces whose feedback is another now
 */
export function settleFeedback(
  connection: Connection,
  arrived: ReadonlyMap<string, ReadonlySet<string>>,
): readonly string[] {
  // Most stores never see an evaluation without its span: one look spares one for each span.
  if (connection.get('select 1 from feedback where response_id is not null limit 1') === undefined) return [];
  const changed: string[] = [];
  for (const [responseId, traceIds] of arrived) {
    const key = responseKey(responseId);
    const unplaced = connection.all(
      `select id, trace_id, named_trace, named_span from feedback
       where response_id = ? and response_id is not null and trace_id = named_trace`,
      key,
    );
    const misplaced = [...traceIds].flatMap((traceId) =>
      connection.all(
        `select id, trace_id, named_trace, named_span from feedback
         where response_id = ? and named_trace = ? and trace_id <> named_trace`,
        key,
        traceId,
      ),
    );
    for (const row of [...unplaced, ...misplaced]) {
      const named = { traceId: String(row.named_trace), spanId: String(row.named_span) };
      const place = findResponse(connection, key, named);
      if (place === undefined) continue;
      connection.run(
        'update feedback set trace_id = ?, span_id = ?, response_id = ?, named_trace = ?, named_span = ? where id = ?',
        place.traceId,
        place.spanId,
        ...(isSettled(place, named) ? [null, null, null] : [key, named.traceId, named.spanId]),
        String(row.id),
      );
      changed.push(String(row.trace_id), place.traceId);
    }
  }
  return changed;
}

/** A span of the named trace may still arrive and be the better place. */
export function isSettled(place: Named | undefined, named: Named): boolean {
  return place !== undefined && (named.traceId === '' || named.traceId === place.traceId);
}
