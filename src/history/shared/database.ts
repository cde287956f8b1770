import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { ApoError, faultInWords, messageOf } from '../../core/errors.ts';
import { keepStatements } from '../../platform/sqlite.ts';

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
 * What an application left behind half-written when it crashed is rolled back in a copy too.
 * @throws ApoError `history-invalid`
 */
export function openForeign(path: string): ForeignDatabase {
  const isWal = checkHeader(path);
  const isLive = existsSync(`${path}-wal`) && existsSync(`${path}-shm`);
  if (isWal && !isLive) return openCopy(path);
  try {
    return openAt(path, path, { readonly: true });
  } catch (error) {
    if (isWal || existsSync(`${path}-journal`)) return openCopy(path);
    throw unreadable(path, error);
  }
}

/** Open copies: detection looks at a file several times, which is copied once. */
const copies = new Map<string, { readonly database: ForeignDatabase; users: number }>();

function openCopy(path: string): ForeignDatabase {
  const copy = copies.get(path) ?? { database: openAside(path), users: 0 };
  copies.set(path, copy);
  copy.users++;
  let isOpen = true;
  return {
    ...copy.database,
    close() {
      if (!isOpen) return;
      isOpen = false;
      copy.users--;
      if (copy.users > 0) return;
      copies.delete(path);
      copy.database.close();
    },
  };
}

/** Opened, a copy needs no name any more: none stays behind, whatever ends the process. Windows removes none that is open. */
function openAside(path: string): ForeignDatabase {
  const copy = copyAside(path);
  try {
    const database = openAt(path, copy.path, {}, copy.remove);
    if (process.platform !== 'win32') copy.remove();
    return database;
  } catch (error) {
    copy.remove();
    throw unreadable(path, error);
  }
}

function openAt(path: string, place: string, options: Database.Options, remove?: () => void): ForeignDatabase {
  const database = keepStatements(new Database(place, { ...options, timeout: BUSY_TIMEOUT_MS }));
  try {
    // One snapshot for all that is read, while the application may go on writing.
    database.exec('BEGIN');
    return wrap(path, database, readTables(database), remove);
  } catch (error) {
    database.close();
    throw error;
  }
}

const BUSY_TIMEOUT_MS = 5000;

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
    throw new ApoError('history-invalid', `cannot read history ${path}: ${faultInWords(error)}`, {
      hint: 'give the path of an existing SQLite database',
      cause: error,
    });
  }
  if (header.toString('latin1', 0, 16) !== MAGIC) {
    throw new ApoError('history-invalid', `${path} is not a SQLite database`, {
      hint: 'give the database of your agent, or use --dataset for JSON, JSONL, YAML and CSV files',
    });
  }
  const missing = missingBytes(path, header);
  if (missing > 0) {
    throw new ApoError('history-invalid', `${path} is cut off: ${missing} bytes are missing at its end`, {
      hint: 'copy it again with the application stopped, -wal file included, or restore a backup',
    });
  }
  // File format write version 2 is WAL (sqlite.org/fileformat.html, 1.3.3).
  return header[18] === 2;
}

/**
 * Bytes that the header speaks of and the file does not have. The header's size counts only when it was written with
 * the last change (sqlite.org/fileformat.html, 1.3.7), and not while a log beside the file holds newer pages.
 */
function missingBytes(path: string, header: Buffer): number {
  const isSizeValid = header.readUInt32BE(24) === header.readUInt32BE(92);
  const hasLog = ['-wal', '-journal'].some((suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.size);
  if (!isSizeValid || hasLog) return 0;
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  return header.readUInt32BE(28) * pageSize - statSync(path).size;
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
    throw new ApoError('history-invalid', `cannot copy history ${path} to read it: ${faultInWords(error)}`, {
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
