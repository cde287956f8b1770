import { existsSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { ApoError } from '../../core/errors.ts';
import { createStoreFile } from './create.ts';
import { storeError } from './errors.ts';
import { inspectStoreFile } from './inspect.ts';
import { APPLICATION_ID, migrate } from './migrations.ts';

/** How long a write waits for another process's transaction, in milliseconds. Ours take well under one. */
const BUSY_TIMEOUT_MS = 10_000;

export type Row = { readonly [column: string]: string | number | null };
export type Value = string | number | null;

/** What the parts of the store need from a database; every failure leaves as the store's error. */
export type Connection = {
  /** One statement outside of a transaction is a transaction of its own. Returns the number of changed rows. */
  run(sql: string, ...values: readonly Value[]): number;
  get(sql: string, ...values: readonly Value[]): Row | undefined;
  all(sql: string, ...values: readonly Value[]): readonly Row[];
  /** BEGIN IMMEDIATE ... COMMIT; rolled back when the work throws. */
  write<T>(work: () => T): T;
  close(): void;
};

export type OpenOptions = {
  /** Create the store when there is none. Default true. */
  readonly create?: boolean;
};

/**
 * Opens a store file, or `:memory:`.
 * @throws ApoError `not-found` without `create`, `store-corrupt`, `store-foreign`, `store-newer` (file untouched), `store-write`
 */
export function openConnection(path: string, options: OpenOptions = {}): Connection {
  try {
    const database = path === ':memory:' ? openMemory() : openFile(path, options.create ?? true);
    return connect(path, database);
  } catch (error) {
    throw storeError(path, error);
  }
}

function openMemory(): Sqlite.Database {
  const database = new Sqlite(':memory:');
  database.pragma(`application_id = ${APPLICATION_ID}`);
  configure(database);
  return database;
}

function openFile(path: string, create: boolean): Sqlite.Database {
  if (existsSync(path) && !statSync(path).isFile()) {
    throw new ApoError('store-foreign', `store ${path} is not a file`, { hint: 'choose a file with --store' });
  }
  if (!existsSync(path)) {
    if (!create) {
      throw new ApoError('not-found', `there is no store at ${path}`, {
        hint: 'run apo train first, or name the file with --store',
      });
    }
    createStoreFile(path);
  }
  inspectStoreFile(path);
  const database = new Sqlite(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  try {
    configure(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function configure(database: Sqlite.Database): void {
  database.pragma('journal_mode = wal');
  database.pragma('synchronous = full');
  database.pragma('foreign_keys = on');
  database.pragma('trusted_schema = off');
  migrate(database);
}

function connect(path: string, database: Sqlite.Database): Connection {
  const statements = new Map<string, Sqlite.Statement>();
  const begin = database.transaction((work: () => unknown) => work()).immediate;

  function prepare(sql: string): Sqlite.Statement {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  }
  function guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(path, error);
    }
  }
  return {
    run: (sql, ...values) => guarded(() => prepare(sql).run(...values).changes),
    get: (sql, ...values) => guarded(() => prepare(sql).get(...values) as Row | undefined),
    all: (sql, ...values) => guarded(() => prepare(sql).all(...values) as Row[]),
    write: <T>(work: () => T) => guarded(() => begin(work) as T),
    close: () => guarded(() => void database.close()),
  };
}
