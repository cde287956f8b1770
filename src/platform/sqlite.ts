import type Sqlite from 'better-sqlite3';

/**
 * Keeps every statement of a database until the process ends. On Node 24, better-sqlite3 12 aborts the process when the
 * garbage collector frees one (`RemoveEnvironmentCleanupHook` without an environment), pragmas' hidden ones among them.
 * Statements are few: each connection prepares each SQL text once.
 */
export function keepStatements<T extends Sqlite.Database>(database: T): T {
  for (const symbol of Object.getOwnPropertySymbols(database)) {
    const native = (database as unknown as { [key: symbol]: { prepare?: (...given: unknown[]) => unknown } })[symbol];
    const prepare = native?.prepare;
    if (native === undefined || typeof prepare !== 'function') continue;
    native.prepare = (...given) => {
      const statement = prepare.apply(native, given);
      kept.push(statement);
      return statement;
    };
  }
  kept.push(database);
  return database;
}

const kept: unknown[] = [];
