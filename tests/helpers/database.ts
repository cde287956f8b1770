import Sqlite from 'better-sqlite3';
import { keepStatements } from '../../src/platform/sqlite.ts';

/** A database of a test's own, which ends no test process on Node 24 (see `keepStatements`). */
export function openDatabase(path: string, options: Sqlite.Options = {}): Sqlite.Database {
  return keepStatements(new Sqlite(path, options));
}
