import Sqlite from 'better-sqlite3';
import { keepStatements } from '../../platform/sqlite.ts';

/** SQLite's own cache; what does not fit is in its temporary file. */
const CACHE_KIB = 8 * 1024;

/**
 * A table that may grow with the number of records while memory does not: a temporary database, which SQLite removes when
 * it is closed or the process ends.
 */
export function createScratch(schema: string): Sqlite.Database {
  const database = keepStatements(new Sqlite(''));
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma('journal_mode = off');
  database.pragma('synchronous = off');
  database.exec(schema);
  database.exec('begin');
  return database;
}

/** Which samples were there already, by their SHA-256. */
export function createSeen(): {
  /** Whether it is new. */
  add(hash: string): boolean;
  has(hash: string): boolean;
  close(): void;
} {
  const database = createScratch('create table seen (hash blob primary key) without rowid');
  const insert = database.prepare('insert or ignore into seen (hash) values (?)');
  const find = database.prepare('select 1 from seen where hash = ?');
  // 128 of 256 bits: no accidental equality.
  const short = (hash: string): Buffer => Buffer.from(hash.slice(0, 32), 'hex');
  return {
    add: (hash) => insert.run(short(hash)).changes > 0,
    has: (hash) => find.get(short(hash)) !== undefined,
    close: () => void database.close(),
  };
}
