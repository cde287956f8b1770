import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { removed } from './errors.ts';
import { emptyLog } from './log-repair.ts';

export type LogSync = {
  /** @throws the reason of a sync that failed before, until the log was emptied: nothing may be written before */
  check(): void;
  /** Calls back when everything that was committed before is on disk, or with the reason why it may not be. */
  later(done: () => void, failed: (error: unknown) => void): void;
  /** The same without leaving this thread, if the disk is idle and fast: to hand the sync over and back takes as long. */
  soon(done: () => void, failed: (error: unknown) => void): void;
  /** The same now, blocking; also for everybody who waits. */
  now(): void;
  close(): void;
};

type Waiter = { readonly done: () => void; readonly failed: (error: unknown) => void };

/** A disk that failed is given this long before it is tried again. */
export const REPAIR_AFTER_MS = 1000;

/** A disk is fast that took no longer last time. */
const FAST_MS = 2;

/**
 * The sync that `synchronous=FULL` makes inside of each commit, made outside of it: SQLite would block the event loop while
 * a slow disk works, a thread of Node's pool does not. The connection itself is at NORMAL, which syncs in all other places as
 * FULL does (checkpoints, the log's header; https://sqlite.org/wal.html).
 * Whoever waits here is told only after the write-ahead log with its transaction is on disk, so what holds for FULL holds.
 * After a failed sync nothing is known about the pages before it, also when the next one succeeds: all later ones fail too,
 * until the log could be emptied (see {@link emptyLog}), which is tried again now and then.
 */
export function createLogSync(database: Database): LogSync {
  let file: number | undefined;
  let waiting: Waiter[] = [];
  let isSyncing = false;
  /** What the last sync took; nothing is known of the disk before the first one. */
  let lastMs = Number.POSITIVE_INFINITY;
  let isClosed = false;
  let broken: { readonly error: unknown; readonly at: number } | undefined;

  /** The log exists from the first transaction on until the last connection closes. It has no locks that closing would drop. */
  function open(): number {
    file ??= openSync(`${database.name}-wal`, 'r+');
    return file;
  }

  function settle(waiters: readonly Waiter[], error: unknown): void {
    if (error !== null) broken ??= { error, at: performance.now() };
    for (const { done, failed } of waiters) broken === undefined ? done() : failed(broken.error);
  }

  /**
   * Who deletes the store of a run deletes what it pays for from then on: the system writes to a file without a name. SQLite
   * deletes it itself when it closes.
   */
  function loss(): unknown {
    if (isClosed || file === undefined) return null;
    try {
      return fstatSync(file).nlink === 0 ? removed(database.name) : null;
    } catch (error) {
      return error;
    }
  }

  function start(): void {
    const waiters = waiting;
    waiting = [];
    const startedAt = performance.now();
    try {
      fdatasync(open(), (error) => {
        isSyncing = false;
        lastMs = performance.now() - startedAt;
        settle(waiters, error ?? loss());
        if (waiting.length > 0) start();
        else if (isClosed) closeFile();
      });
      isSyncing = true;
    } catch (error) {
      settle(waiters, error);
    }
  }

  /** Returns why it failed; null when it did not. */
  function syncNow(): unknown {
    const waiters = waiting;
    waiting = [];
    const startedAt = performance.now();
    let failure: unknown = null;
    try {
      fdatasyncSync(open());
      failure = loss();
    } catch (error) {
      failure = error;
    }
    lastMs = performance.now() - startedAt;
    settle(waiters, failure);
    return failure;
  }

  function closeFile(): void {
    if (file !== undefined) closeSync(file);
    file = undefined;
  }

  function check(): void {
    if (broken !== undefined && performance.now() - broken.at > REPAIR_AFTER_MS) repair(broken.error);
    if (broken !== undefined) throw broken.error;
  }

  /** What was waited for in vain may be there afterwards, as after a commit whose answer was lost. */
  function repair(error: unknown): void {
    broken = { error, at: performance.now() };
    try {
      if (database.inTransaction || !emptyLog(database)) return;
      // The file that failed tells it once more; a new one knows only of what is to come.
      closeFile();
      fdatasyncSync(open());
      broken = undefined;
    } catch {
      // The disk is not back yet.
    }
  }

  function now(): void {
    if (database.memory) return;
    check();
    const failure = syncNow();
    if (failure !== null) throw failure;
  }

  function later(done: () => void, failed: (error: unknown) => void): void {
    if (database.memory) {
      done();
      return;
    }
    waiting.push({ done, failed });
    if (!isSyncing) start();
  }

  return {
    check,
    later,
    soon(done, failed) {
      if (database.memory || isSyncing || lastMs > FAST_MS) return later(done, failed);
      waiting.push({ done, failed });
      syncNow();
    },
    now,
    close() {
      isClosed = true;
      if (waiting.length > 0) now();
      if (!isSyncing) closeFile();
    },
  };
}
