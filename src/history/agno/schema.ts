import { type ForeignDatabase, quoteName } from '../shared/database.ts';

/**
 * Where an AGNO database keeps sessions and runs, found by columns: table and file names are the user's choice. The same
 * file may hold tables of several generations.
 */
export type SessionTable = {
  readonly table: string;
  /** The column with the runs; undefined where they are rows of a table of runs (v3). */
  readonly runsColumn: string | undefined;
  /** Select list that yields the columns of {@link SessionRow}. */
  readonly columns: string;
};

export type RunTable = {
  readonly table: string;
  readonly order: string;
  /** Whether rows say that they are runs of a workflow. */
  readonly hasTypes: boolean;
};

/** Agents of one application may have tables of their own each, so there may be several of both. */
export type AgnoSchema = { readonly sessions: readonly SessionTable[]; readonly runs: readonly RunTable[] };

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
  const isRuns = (columns: readonly string[]): boolean => hasAll(columns, 'run_id', 'session_id', 'run_data');
  const runs = tables.filter(([, columns]) => isRuns(columns));
  const sessions = tables.flatMap(([table, columns]) => {
    if (isRuns(columns)) return [];
    const column = runsColumnOf(columns);
    const isSession = column !== undefined || (runs.length > 0 && hasAll(columns, 'session_id', 'session_type'));
    return isSession ? [{ table, runsColumn: column, columns: selectList(columns) }] : [];
  });
  return {
    sessions,
    runs: runs.map(([table, columns]) => ({
      table,
      order: columns.includes('run_index') ? 'run_index' : 'created_at',
      hasTypes: columns.includes('run_type'),
    })),
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
