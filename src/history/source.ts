import type { Task } from '../core/task.ts';

/** Reads tasks out of a recorded conversation history. Read-only and streaming: memory does not grow with the file. */
export interface HistorySource {
  readonly name: string;
  /** Yields each user turn as a task, or says why it was not taken. Every turn is exactly one record. */
  read(): AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>;
  close(): void;
}

export type HistoryRecord =
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'rejected'; readonly where: string; readonly reason: string };

export type HistoryOptions = {
  /** Path of the database or file. */
  readonly path: string;
  /** Turns older than this many days before `now` are left out; Infinity takes all. Default 30. */
  readonly maxAgeDays: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Take the observed answer as the expected one even when nobody rated it. Default false. */
  readonly expectObserved: boolean;
  /** Ratings at or above this (0..1) make the observed answer the expected one. Default 0.7. */
  readonly goodRating: number;
};
