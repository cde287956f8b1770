import type { Statement } from 'better-sqlite3';
import { corrupt, storeError } from './errors.ts';
import { type OpenDatabase, openFile, openMemory } from './open.ts';
import { createWriter } from './writer.ts';

export type Row = { readonly [column: string]: Value };
export type Value = string | number | null;

/** What the parts of the store need from a database; every failure leaves as the store's error. */
export type Connection = {
  /** Returns the number of changed rows. Outside of `write` and `commit` it is a transaction of its own. */
  run(sql: string, ...values: readonly Value[]): number;
  /** The same for tables in `temp`, of which nothing is for the disk. */
  scratch(sql: string, ...values: readonly Value[]): void;
  get(sql: string, ...values: readonly Value[]): Row | undefined;
  all(sql: string, ...values: readonly Value[]): readonly Row[];
  /** BEGIN IMMEDIATE ... COMMIT at once, blocking; rolled back when the work throws. */
  write<T>(work: () => T): T;
  /** The same together with all other work of this turn of the event loop, without blocking: resolves when it is on disk. */
  commit<T>(work: () => T): Promise<T>;
  /**
   * As `commit`, but resolves before it is on disk: the death of this process loses nothing, that of the machine at most what
   * no later `commit` or `write` followed.
   */
  append<T>(work: () => T): Promise<T>;
  /** Reads a JSON column. */
  parse(text: Value | undefined): unknown;
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
    return connect(path, path === ':memory:' ? openMemory() : openFile(path, options.create ?? true));
  } catch (error) {
    throw storeError(path, error);
  }
}

function connect(path: string, { database, close }: OpenDatabase): Connection {
  const statements = new Map<string, Statement>();
  const writer = createWriter(database);

  function prepare(sql: string): Statement {
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
  function submit<T>(work: () => T, waitsForDisk: boolean): Promise<T> {
    return writer.submit(work, waitsForDisk).catch((error) => {
      throw storeError(path, error);
    });
  }
  return {
    run: (sql, ...values) =>
      guarded(() => {
        const { changes } = prepare(sql).run(...values);
        if (!database.inTransaction) writer.sync();
        return changes;
      }),
    scratch: (sql, ...values) => void guarded(() => prepare(sql).run(...values)),
    get: (sql, ...values) => guarded(() => prepare(sql).get(...values) as Row | undefined),
    all: (sql, ...values) => guarded(() => prepare(sql).all(...values) as Row[]),
    write: (work) => guarded(() => writer.now(work)),
    commit: (work) => submit(work, true),
    append: (work) => submit(work, false),
    parse(text) {
      try {
        return JSON.parse(String(text));
      } catch {
        throw corrupt(path, 'a stored JSON text cannot be read');
      }
    },
    close: () =>
      guarded(() => {
        writer.close();
        close();
      }),
  };
}
