import type { Database } from 'better-sqlite3';
import { createLogSync, type LogSync } from './log-sync.ts';

type Job = {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly waitsForDisk: boolean;
};

export type Writer = {
  /** One transaction now, blocking. */
  now<T>(work: () => T): T;
  /**
   * In order, in the transaction of this turn of the event loop at the latest; resolves when that is committed or, if
   * asked, on disk.
   */
  submit<T>(work: () => T, waitsForDisk: boolean): Promise<T>;
  /** Blocks until all that was committed, here or by a statement of its own, is on disk. */
  sync(): void;
  /** Commits what is waiting, and waits for the disk. */
  close(): void;
};

/** Transactions between two marks; a write-ahead log of 1,000 pages holds a few hundred transactions. */
const MARK_EVERY = 256;

/** Milliseconds since the last transaction after which the next one waits for no company. */
const QUIET_MS = 5;

/**
 * All writing, in transactions that are IMMEDIATE: a deferred one fails with SQLITE_BUSY, whatever the timeout, when it
 * turns from reading to writing while another process writes.
 * Group commit: what is submitted in one turn of the event loop shares one transaction, and all transactions that end while
 * the disk is busy share one sync (see {@link createLogSync}), so one fsync pays for all calls that start or finish
 * together. Where nothing was written just before, a job that waits for the disk is committed at once, with all that was
 * submitted before it: to wait for the others would make calls that end together start together, and so on for ever.
 * Jobs that share a transaction have a savepoint each: one that fails takes nothing with it. One that is alone has none:
 * under a savepoint SQLite keeps a copy of every page that is changed, in a file as soon as that is 64 KB.
 */
export function createWriter(database: Database): Writer {
  let waiting: Job[] = [];
  let transactions = 0;
  let flushedAt = Number.NEGATIVE_INFINITY;
  // Puts the store's identity into the write-ahead log, see `store_identity` in 0001.
  const mark = database.prepare('update store_identity set marks = marks + 1');
  const log = createLogSync(database);
  const savepoint = database.transaction((work: () => unknown) => work());
  const transact = database.transaction((work: () => unknown) => {
    if (transactions % MARK_EVERY === 0) mark.run();
    const value = work();
    transactions++;
    return value;
  }).immediate as <T>(work: () => T) => T;

  function flush(synced: LogSync['later']): void {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    flushedAt = performance.now();
    const onCommit: (() => void)[] = [];
    const onDisk: (() => void)[] = [];
    const fail = (error: unknown): void => {
      for (const { reject } of jobs) reject(error);
    };
    try {
      log.check();
      transact(() => {
        const within = jobs.length > 1 ? attempt : alone;
        for (const job of jobs) (job.waitsForDisk ? onDisk : onCommit).push(within(job));
      });
    } catch (error) {
      fail(error);
      return;
    }
    for (const done of onCommit) done();
    synced(() => {
      for (const done of onDisk) done();
    }, fail);
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

  /** A failure rolls the transaction back, and is this job's. */
  function alone({ work, resolve }: Job): () => void {
    const value = work();
    return () => resolve(value);
  }

  return {
    now(work) {
      log.check();
      const value = transact(work);
      log.now();
      return value;
    },
    submit: <T>(work: () => T, waitsForDisk: boolean) =>
      new Promise<T>((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush, log.later);
        waiting.push({ work, resolve: resolve as (value: unknown) => void, reject, waitsForDisk });
        if (waitsForDisk && performance.now() - flushedAt >= QUIET_MS) flush(log.soon);
      }),
    sync: log.now,
    close() {
      flush(log.later);
      log.close();
    },
  };
}
