import type { Task } from '../core/task.ts';

/** Reads tasks out of a recorded conversation history. Read-only and streaming: memory does not grow with the file. */
export interface HistorySource {
  readonly name: string;
  /**
   * Yields each user turn as a task, or says why it was not taken. Every turn is exactly one record. Nothing is filtered
   * by age or rating here: that is counted work of `datasets/`. One reading at a time.
   */
  read(): AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>;
  close(): void;
}

export type HistoryRecord =
  | { readonly kind: 'task'; readonly task: Task }
  | {
      readonly kind: 'rejected';
      readonly where: string;
      readonly reason: string;
      /** The turn itself, when it is rejected because a newer answer replaced it: half of a preference pair. */
      readonly replaced?: Task;
    };

export type HistoryOptions = {
  /** Path of the database or file. */
  readonly path: string;
  /** Take the observed answer as the expected one even when nobody rated it. Default false. */
  readonly expectObserved?: boolean;
  /** Ratings at or above this (0..1) make the observed answer the expected one. Default 0.7. */
  readonly goodRating?: number;
};

/** What a source module exports beside its default function, so that the right source is found for a file. */
export type HistoryDetector = {
  /**
   * Whether the file is a history of this kind, by its columns and never by its name. A file that cannot be read at all
   * is the caller's error: it throws ApoError `history-invalid`.
   */
  detect(path: string): boolean;
};

/** The answer that counts as the reference: the observed one where it is rated good, or where the user says so. */
export function expectedOf(
  observed: string | null,
  rating: number | undefined,
  options: Pick<HistoryOptions, 'expectObserved' | 'goodRating'>,
): string | null {
  const isGood = options.expectObserved === true || (rating !== undefined && rating >= (options.goodRating ?? 0.7));
  return isGood && observed !== null && observed.trim() !== '' ? observed : null;
}
