import { setTimeout } from 'node:timers/promises';
import type { TraceTarget } from '../../trace-store.ts';
import { compact } from '../compact.ts';
import type { Connection } from '../connection.ts';

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
  if (deleted > 0 && !keepSpace) {
    connection.run("insert into span_words (span_words) values ('optimize')");
    connection.run("insert into span_responses (span_responses) values ('optimize')");
    compact(connection);
  }
  return deleted;
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
