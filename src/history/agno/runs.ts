import { type ForeignDatabase, quoteName, type Row } from '../shared/database.ts';
import { elements } from './elements.ts';
import type { AgnoSchema, SessionTable } from './schema.ts';

export type SessionRuns = { readonly row: Row; readonly runs: Iterable<Buffer> };

/** Each session with the JSON texts of its runs, oldest first. The runs must be taken before the next session is. */
export function* runsOf(database: ForeignDatabase, schema: AgnoSchema): Generator<SessionRuns> {
  for (const table of schema.sessions) yield* sessionsOf(database, schema, table);
  if (schema.runs !== undefined) yield* orphans(database, schema);
}

function* sessionsOf(database: ForeignDatabase, schema: AgnoSchema, table: SessionTable): Generator<SessionRuns> {
  const embedded = table.runsColumn === undefined ? 'NULL' : `CAST(${quoteName(table.runsColumn)} AS BLOB)`;
  const sql = `SELECT ${table.columns}, ${embedded} AS runs_bytes FROM ${quoteName(table.table)}`;
  for (const { runs_bytes: bytes, ...row } of database.rows(sql)) {
    yield { row, runs: mergedRuns(database, schema, String(row.session_id), bytes) };
  }
}

/** In a v2 database that was migrated to v3 the column of the session is a frozen copy: the rows win. */
function* mergedRuns(
  database: ForeignDatabase,
  schema: AgnoSchema,
  sessionId: string,
  bytes: unknown,
): Generator<Buffer> {
  const rows = schema.runs;
  if (Buffer.isBuffer(bytes)) {
    for (const run of elements(bytes, 'runs')) {
      if (rows === undefined || !hasRow(database, rows.table, runIdOf(run))) yield run;
    }
  }
  if (rows === undefined) return;
  const sql = `SELECT CAST(run_data AS BLOB) AS run FROM ${quoteName(rows.table)} WHERE session_id = ? ORDER BY ${rows.order}`;
  for (const { run } of database.rows(sql, sessionId)) if (Buffer.isBuffer(run)) yield run;
}

function hasRow(database: ForeignDatabase, table: string, runId: string | undefined): boolean {
  if (runId === undefined) return false;
  for (const _ of database.rows(`SELECT 1 FROM ${quoteName(table)} WHERE run_id = ?`, runId)) return true;
  return false;
}

function runIdOf(run: Buffer): string | undefined {
  try {
    const value = JSON.parse(run.toString('utf8'));
    return typeof value?.run_id === 'string' ? value.run_id : undefined;
  } catch {
    return undefined;
  }
}

/** Runs whose session row is gone. */
function* orphans(database: ForeignDatabase, schema: AgnoSchema): Generator<SessionRuns> {
  if (schema.runs === undefined) return;
  const known = schema.sessions
    .map(
      ({ table }) => `AND session_id NOT IN (SELECT session_id FROM ${quoteName(table)} WHERE session_id IS NOT NULL)`,
    )
    .join(' ');
  const sql = `SELECT DISTINCT session_id FROM ${quoteName(schema.runs.table)} WHERE session_id IS NOT NULL ${known}`;
  for (const row of database.rows(sql)) {
    yield { row, runs: mergedRuns(database, schema, String(row.session_id), undefined) };
  }
}
