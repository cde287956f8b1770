import type { Database } from 'better-sqlite3';

type Job = {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

export type Writer = {
  /** One transaction now, blocking. */
  now<T>(work: () => T): T;
  /** In the transaction of this turn of the event loop. */
  submit<T>(work: () => T): Promise<T>;
  /** Commits now what is waiting. */
  flush(): void;
};

/** Transactions between two marks; a write-ahead log of 1,000 pages holds a few hundred transactions. */
const MARK_EVERY = 256;

/**
 * All writing, in transactions that are IMMEDIATE: a deferred one fails with SQLITE_BUSY, whatever the timeout, when it
 * turns from reading to writing while another process writes.
 * Group commit: what is submitted in one turn of the event loop shares one transaction, so one fsync pays for all calls
 * that start or finish together. A promise resolves only after its transaction is on disk. Each job has a savepoint:
 * one that fails takes nothing with it.
 */
export function createWriter(database: Database): Writer {
  let waiting: Job[] = [];
  let transactions = 0;
  // Puts the store's identity into the write-ahead log, see `store_identity` in 0001.
  const mark = database.prepare('update store_identity set marks = marks + 1');
  const savepoint = database.transaction((work: () => unknown) => work());
  const now = database.transaction((work: () => unknown) => {
    if (transactions % MARK_EVERY === 0) mark.run();
    const value = work();
    transactions++;
    return value;
  }).immediate as <T>(work: () => T) => T;

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    const settle: (() => void)[] = [];
    try {
      now(() => {
        for (const job of jobs) settle.push(attempt(job));
      });
    } catch (error) {
      for (const { reject } of jobs) reject(error);
      return;
    }
    for (const done of settle) done();
  }

  function attempt({ work, resolve, reject }: Job): () => void {
    try {
      const value = savepoint(work);
      return () => resolve(value);
    } catch (error) {
      // A full disk may have rolled the whole transaction back; then nobody's work is in it.
      if (!database.inTransaction) throw error;
      return () => reject(error);
    }
  }

  return {
    now,
    submit: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      }),
    flush,
  };
}
