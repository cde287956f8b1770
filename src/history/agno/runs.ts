import { type ForeignDatabase, quoteName, type Row } from '../shared/database.ts';
import { elements } from './elements.ts';
import type { AgnoSchema, RunTable, SessionTable } from './schema.ts';

/** Beyond 512 MiB the database gives nothing at all, and one such session must not hide the others. */
const MAX_SESSION_BYTES = 500 * 1024 * 1024;

export type SessionRuns = { readonly row: Row; readonly runs: Iterable<Buffer> };

/** Each session with the JSON texts of its runs, oldest first. The runs must be taken before the next session is. */
export function* runsOf(database: ForeignDatabase, schema: AgnoSchema): Generator<SessionRuns> {
  for (const table of schema.sessions) yield* sessionsOf(database, schema, table);
  yield* orphans(database, schema);
}

function* sessionsOf(database: ForeignDatabase, schema: AgnoSchema, table: SessionTable): Generator<SessionRuns> {
  const column = table.runsColumn === undefined ? 'NULL' : quoteName(table.runsColumn);
  const isLonger = `octet_length(${column}) > ${MAX_SESSION_BYTES}`;
  const embedded = `CASE WHEN ${isLonger} THEN NULL ELSE CAST(${column} AS BLOB) END`;
  const sql = `SELECT ${table.columns}, ${embedded} AS runs_bytes, ${isLonger} AS is_longer FROM ${quoteName(table.table)}`;
  for (const { runs_bytes: bytes, is_longer: isTooLong, ...row } of database.rows(sql)) {
    yield { row, runs: mergedRuns(database, schema, String(row.session_id), isTooLong === 1 ? 'too long' : bytes) };
  }
}

/**
 * In a v2 database that was migrated to v3 the column of the session is a frozen copy: the rows win.
 * @throws SyntaxError for runs that cannot be read
 */
function* mergedRuns(
  database: ForeignDatabase,
  schema: AgnoSchema,
  sessionId: string,
  bytes: unknown,
): Generator<Buffer> {
  if (bytes === 'too long') throw new SyntaxError('the session is larger than 500 MiB');
  if (Buffer.isBuffer(bytes)) {
    for (const run of elements(bytes, 'runs')) {
      const runId = schema.runs.length === 0 ? undefined : runIdOf(run);
      if (!schema.runs.some(({ table }) => hasRow(database, table, runId))) yield run;
    }
  }
  const steps = schema.runs.filter(({ hasTypes }) => hasTypes).map(stepsOf);
  const isWanted = `session_id = $session${steps.length > 0 ? ` AND run_id NOT IN (${steps.join(' UNION ALL ')})` : ''}`;
  for (const { table, order } of schema.runs) {
    const sql = `SELECT CAST(run_data AS BLOB) AS run FROM ${quoteName(table)} WHERE ${isWanted} ORDER BY ${order}`;
    for (const { run } of database.rows(sql, { session: sessionId })) if (Buffer.isBuffer(run)) yield run;
  }
}

/**
 * Runs that a workflow of the session names as its steps. An agent with a database of its own stores its step once more,
 * before the run of the workflow and without its parent, as if a user had asked. The `+` keeps SQLite from looking at the
 * workflows of all sessions.
 */
function stepsOf({ table }: RunTable): string {
  const json = "CASE WHEN json_valid(workflow.run_data) THEN workflow.run_data ELSE '{}' END";
  return (
    `SELECT step.value FROM ${quoteName(table)} AS workflow, json_tree(${json}) AS step ` +
    "WHERE workflow.session_id = $session AND +workflow.run_type = 'workflow' " +
    "AND step.key = 'step_run_id' AND step.value IS NOT NULL"
  );
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
  if (schema.runs.length === 0) return;
  const known = schema.sessions
    .map(
      ({ table }) => `AND session_id NOT IN (SELECT session_id FROM ${quoteName(table)} WHERE session_id IS NOT NULL)`,
    )
    .join(' ');
  const all = schema.runs.map(({ table }) => `SELECT session_id FROM ${quoteName(table)}`).join(' UNION ALL ');
  const sql = `SELECT DISTINCT session_id FROM (${all}) WHERE session_id IS NOT NULL ${known}`;
  for (const row of database.rows(sql)) {
    yield { row, runs: mergedRuns(database, schema, String(row.session_id), undefined) };
  }
}
