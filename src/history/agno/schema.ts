import { type ForeignDatabase, quoteName } from '../shared/database.ts';

/**
 * Where an AGNO database keeps sessions and runs, found by columns: table and file names are the user's choice. The same
 * file may hold tables of several generations.
 */
export type SessionTable = {
  readonly table: string;
  /** `embedded`: the runs are in a column of the session. `rows`: they are rows of the `runs` table (v3). */
  readonly runsColumn: string | undefined;
  /** Select list that yields the columns of {@link SessionRow}. */
  readonly columns: string;
};

export type RunTable = { readonly table: string; readonly order: string };

export type AgnoSchema = { readonly sessions: readonly SessionTable[]; readonly runs: RunTable | undefined };

const SESSION_COLUMNS = [
  'session_id',
  'user_id',
  'agent_id',
  'team_id',
  'workflow_id',
  'team_session_id',
  'session_data',
  'extra_data',
  'metadata',
  'agent_data',
  'team_data',
  'created_at',
];

export function readSchema(database: ForeignDatabase): AgnoSchema {
  const tables = [...database.tables];
  const runs = tables.find(([, columns]) => hasAll(columns, 'run_id', 'session_id', 'run_data'));
  const sessions = tables.flatMap(([table, columns]) => {
    if (runs !== undefined && table === runs[0]) return [];
    const column = runsColumnOf(columns);
    const isSession = column !== undefined || (runs !== undefined && hasAll(columns, 'session_id', 'session_type'));
    return isSession ? [{ table, runsColumn: column, columns: selectList(columns) }] : [];
  });
  return {
    sessions,
    runs:
      runs === undefined
        ? undefined
        : { table: runs[0], order: runs[1].includes('run_index') ? 'run_index' : 'created_at' },
  };
}

/** v1 keeps runs in `memory` (workflows v2 in `runs`), v2 in `runs`. */
function runsColumnOf(columns: readonly string[]): string | undefined {
  if (hasAll(columns, 'session_id', 'session_type', 'runs')) return 'runs';
  const isV1 =
    hasAll(columns, 'session_id', 'session_data') &&
    ['agent_id', 'team_id', 'workflow_id'].some((id) => columns.includes(id));
  if (!isV1) return undefined;
  return columns.includes('runs') ? 'runs' : columns.includes('memory') ? 'memory' : undefined;
}

function hasAll(columns: readonly string[], ...names: readonly string[]): boolean {
  return names.every((name) => columns.includes(name));
}

function selectList(columns: readonly string[]): string {
  return SESSION_COLUMNS.map((name) => (columns.includes(name) ? quoteName(name) : `NULL AS ${quoteName(name)}`)).join(
    ', ',
  );
}
