import Sqlite from 'better-sqlite3';
import { keepStatements } from '../../platform/sqlite.ts';
import { migrate } from './migrations.ts';

/** Without the tables that a virtual table makes for itself: another version of SQLite may make others. */
const SCHEMA = `select type || ' ' || name, sql from sqlite_schema
  where sql is not null and tbl_name not in (select name from pragma_table_list where type = 'shadow')`;

/**
 * Compares a store's schema with what the migrations of its version make, because damage in a column's name passes every
 * other check. Tables and indexes that somebody added are not our business.
 * @returns what is missing or different, or undefined
 */
export function findSchemaDamage(database: Sqlite.Database, version: number): string | undefined {
  const found = schemaOf(database);
  for (const [name, sql] of expectedSchema(version)) {
    if (found.get(name) !== sql) return `its ${name} is not as it was made`;
  }
  return undefined;
}

function expectedSchema(version: number): ReadonlyMap<string, string> {
  const database = keepStatements(new Sqlite(':memory:'));
  try {
    migrate(database, version);
    return schemaOf(database);
  } finally {
    database.close();
  }
}

function schemaOf(database: Sqlite.Database): ReadonlyMap<string, string> {
  const rows = database.prepare(SCHEMA).raw().all() as [string, string][];
  // A checkout with other line ends is the same schema.
  return new Map(rows.map(([name, sql]) => [name, sql.replace(/\s+/g, ' ')]));
}
