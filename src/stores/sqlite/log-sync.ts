import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';

export type LogSync = {
  /** @throws the reason of a sync that failed before: nothing may be written any more */
  check(): void;
  /** Calls back when everything that was committed before is on disk, or with the reason why it may not be. */
  later(done: () => void, failed: (error: unknown) => void): void;
  /** The same now, blocking; also for everybody who waits. */
  now(): void;
  close(): void;
};

type Waiter = { readonly done: () => void; readonly failed: (error: unknown) => void };

/**
 * The sync that `synchronous=FULL` makes inside of each commit, made outside of it: SQLite would block the event loop while
 * the disk works, a thread of Node's pool does not. The connection itself is at NORMAL, which syncs in all other places as
 * FULL does (checkpoints, the log's header; https://sqlite.org/wal.html).
 * Whoever waits here is told only after the write-ahead log with its transaction is on disk, so what holds for FULL holds.
 * After a failed sync nothing is known about the pages before it, also when the next one succeeds: all later ones fail too.
 */
export function createLogSync(database: Database): LogSync {
  let file: number | undefined;
  let waiting: Waiter[] = [];
  let isSyncing = false;
  let isClosed = false;
  let broken: { readonly error: unknown } | undefined;

  /** The log exists from the first transaction on until the last connection closes. It has no locks that closing would drop. */
  function open(): number {
    file ??= openSync(`${database.name}-wal`, 'r+');
    return file;
  }

  function settle(waiters: readonly Waiter[], error: unknown): void {
    if (error !== null) broken ??= { error };
    for (const { done, failed } of waiters) broken === undefined ? done() : failed(broken.error);
  }

  function start(): void {
    const waiters = waiting;
    waiting = [];
    try {
      fdatasync(open(), (error) => {
        isSyncing = false;
        settle(waiters, error);
        if (waiting.length > 0) start();
        else if (isClosed) closeFile();
      });
      isSyncing = true;
    } catch (error) {
      settle(waiters, error);
    }
  }

  function closeFile(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  function check(): void {
    if (broken !== undefined) throw broken.error;
  }

  function now(): void {
    if (database.memory) return;
    check();
    const waiters = waiting;
    waiting = [];
    try {
      fdatasyncSync(open());
    } catch (error) {
      settle(waiters, error);
      throw error;
    }
    settle(waiters, null);
  }

  return {
    check,
    later(done, failed) {
      if (database.memory) return done();
      waiting.push({ done, failed });
      if (!isSyncing) start();
    },
    now,
    close() {
      isClosed = true;
      if (waiting.length > 0) now();
      if (!isSyncing) closeFile();
    },
  };
}
