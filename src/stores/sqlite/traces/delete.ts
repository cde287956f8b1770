import { setTimeout } from 'node:timers/promises';
import type { TraceTarget } from '../../trace-store.ts';
import { compact } from '../compact.ts';
import type { Connection } from '../connection.ts';
import { padded } from './describe.ts';
import { refreshScore, SESSION_KEY, USER_KEY } from './feedback.ts';

/** Traces of one transaction: few enough that other writers get their turn. */
const BATCH = 200;
/** Between such transactions when there is no hurry: SQLite's lock is not fair. */
const PAUSE_MS = 5;

/** Removes traces and then their bytes: the search index is rewritten, the file compacted, the log emptied. */
export async function deleteTraces(
  connection: Connection,
  target: TraceTarget,
  { keepSpace = false }: { readonly keepSpace?: boolean },
): Promise<number> {
  const ids = idsOf(connection, target);
  let deleted = 0;
  // Pages that become free are overwritten with zeros.
  if (keepSpace) connection.all('pragma secure_delete = on');
  for (let start = 0; start < ids.length; start += BATCH) {
    connection.write(() => {
      for (const id of ids.slice(start, start + BATCH)) deleted += deleteTrace(connection, id);
    });
    if (keepSpace) await setTimeout(PAUSE_MS);
  }
  const feedback = deleteFeedback(connection, target);
  if (deleted + feedback > 0 && !keepSpace) {
    connection.run("insert into span_words (span_words) values ('optimize')");
    connection.run("insert into span_responses (span_responses) values ('optimize')");
    compact(connection);
  }
  return deleted;
}

/** What a user or session said that no trace of theirs holds. Returns the number of rows. */
function deleteFeedback(connection: Connection, target: TraceTarget): number {
  if ('traceIds' in target) return 0;
  const [key, owner] = 'userId' in target ? [USER_KEY, target.userId] : [SESSION_KEY, target.sessionId];
  return connection.write(() => {
    const rows = connection.all(
      'delete from feedback where json_extract(metadata, ?) = ? returning trace_id',
      `$."${key}"`,
      owner,
    );
    for (const { trace_id } of rows) refreshScore(connection, String(trace_id));
    return rows.length;
  });
}

/** Removes feedback and events whose trace has not arrived by now although they are from before `until` (ISO 8601). */
export function deleteStrays(connection: Connection, until: string): void {
  connection.all('pragma secure_delete = on');
  const untilNs = padded(String(BigInt(Date.parse(until)) * 1_000_000n));
  connection.write(() => {
    connection.run(
      'delete from feedback where at < ? and not exists (select 1 from traces where traces.trace_id = feedback.trace_id)',
      until,
    );
    connection.run(
      `delete from late_events where time_ns < ?
       and not exists (select 1 from traces where traces.trace_id = late_events.trace_id)`,
      untilNs,
    );
  });
}

function idsOf(connection: Connection, target: TraceTarget): readonly string[] {
  if ('traceIds' in target) return [...new Set(target.traceIds)];
  const rows =
    'sessionId' in target
      ? connection.all('select trace_id from traces where session_id = ?', target.sessionId)
      : connection.all('select trace_id from traces where user_id = ?', target.userId);
  return rows.map((row) => String(row.trace_id));
}

function deleteTrace(connection: Connection, traceId: string): number {
  connection.run('delete from late_events where trace_id = ?', traceId);
  connection.run('delete from feedback where trace_id = ?', traceId);
  const row = connection.get('select id from traces where trace_id = ?', traceId);
  if (row === undefined) return 0;
  const trace = Number(row.id);
  connection.run('delete from span_words where rowid in (select id from spans where trace = ?)', trace);
  connection.run('delete from span_responses where rowid in (select id from spans where trace = ?)', trace);
  connection.run('delete from spans where trace = ?', trace);
  connection.run('delete from trace_names where trace = ?', trace);
  connection.run('delete from traces where id = ?', trace);
  connection.run('insert or ignore into deleted_traces (trace_id) values (?)', traceId);
  return 1;
}
