import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { ApoError, messageOf } from '../../core/errors.ts';

/** A foreign SQLite file, opened so that nothing is written into it or beside it. */
export type ForeignDatabase = {
  readonly path: string;
  /** Columns of each table. */
  readonly tables: ReadonlyMap<string, readonly string[]>;
  /** Rows one by one. Errors of SQLite become ApoError `history-invalid`. */
  rows(sql: string, ...values: readonly unknown[]): Generator<Row>;
  close(): void;
};

export type Row = { readonly [column: string]: unknown };

const MAGIC = 'SQLite format 3\u0000';

/**
 * SQLite creates `-wal` and `-shm` beside a WAL database even for readers. So a database that no application has open
 * at the moment is read from a private copy; one that is open (both files exist) is read in place, which adds nothing.
 * @throws ApoError `history-invalid`
 */
export function openForeign(path: string): ForeignDatabase {
  const wal = checkHeader(path);
  const hasJournal = existsSync(`${path}-journal`) && statSync(`${path}-journal`).size > 0;
  const isLive = existsSync(`${path}-wal`) && existsSync(`${path}-shm`);
  const copy = hasJournal || (wal && !isLive) ? copyAside(path) : undefined;
  let database: Database.Database | undefined;
  try {
    database = new Database(copy?.path ?? path, copy === undefined ? { readonly: true } : {});
    database.pragma('busy_timeout = 5000');
    // One snapshot for all that is read, while the application may go on writing.
    database.exec('BEGIN');
    const tables = readTables(database);
    return wrap(path, database, tables, copy?.remove);
  } catch (error) {
    database?.close();
    copy?.remove();
    throw unreadable(path, error);
  }
}

function checkHeader(path: string): boolean {
  const header = Buffer.alloc(100);
  try {
    if (!statSync(path).isFile()) throw new Error('not a regular file');
    const file = openSync(path, 'r');
    try {
      readSync(file, header, 0, 100, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new ApoError('history-invalid', `cannot read history ${path}: ${messageOf(error)}`, {
      hint: 'give the path of an existing SQLite database',
      cause: error,
    });
  }
  if (header.toString('latin1', 0, 16) !== MAGIC) {
    throw new ApoError('history-invalid', `${path} is not a SQLite database`, {
      hint: 'give the database of your agent, or use --dataset for JSON, JSONL, YAML and CSV files',
    });
  }
  // File format write version 2 is WAL (sqlite.org/fileformat.html, 1.3.3).
  return header[18] === 2;
}

function copyAside(path: string): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'apo-history-'));
  const target = join(folder, basename(path));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    for (const suffix of ['', '-wal', '-journal']) {
      if (existsSync(path + suffix)) copyFileSync(path + suffix, target + suffix);
    }
  } catch (error) {
    remove();
    throw new ApoError('history-invalid', `cannot copy history ${path} to read it: ${messageOf(error)}`, {
      hint: `free space in ${tmpdir()}`,
      cause: error,
    });
  }
  return { path: target, remove };
}

function readTables(database: Database.Database): Map<string, readonly string[]> {
  const names = database
    .prepare(
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all() as string[];
  const columns = database.prepare('SELECT name FROM pragma_table_info(?)').pluck();
  return new Map(names.map((name) => [name, columns.all(name) as string[]]));
}

function wrap(
  path: string,
  database: Database.Database,
  tables: ReadonlyMap<string, readonly string[]>,
  remove: (() => void) | undefined,
): ForeignDatabase {
  let isOpen = true;
  return {
    path,
    tables,
    *rows(sql, ...values) {
      try {
        for (const row of database.prepare(sql).iterate(...values)) yield row as Row;
      } catch (error) {
        throw error instanceof Database.SqliteError ? unreadable(path, error) : error;
      }
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      database.close();
      remove?.();
    },
  };
}

function unreadable(path: string, error: unknown): ApoError {
  return new ApoError('history-invalid', `cannot read history ${path}: ${messageOf(error)}`, {
    hint: 'the database may be damaged or encrypted: try `sqlite3 FILE "PRAGMA integrity_check"`',
    cause: error,
  });
}

/** An SQL identifier from a foreign schema. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** For error messages: what a foreign database holds. */
export function describeTables(database: ForeignDatabase): string {
  const names = [...database.tables.keys()];
  if (names.length === 0) return 'it has no tables';
  const more = names.length > 12 ? ` and ${names.length - 12} more` : '';
  return `tables found: ${names.slice(0, 12).join(', ')}${more}`;
}
