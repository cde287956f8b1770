import type { Span } from '../core/trace.ts';

/**
 * Where spans go. A sink does one attempt and knows nothing about buffering, retries or loss: the recorder calls `write`
 * with one batch at a time, bounds what waits, tries again what is worth it, and counts what is lost.
 */
export interface TraceSink {
  /** Shown in the report. */
  readonly name: string;
  /** True when spans go to another machine: then they are redacted on the way. Default false. */
  readonly leavesMachine?: boolean;
  /**
   * Resolves when the batch is kept. Spans that come again replace the earlier ones (same trace and span id); they may
   * come late and in any order. The batch belongs to the recorder and is not changed.
   * @throws SinkError; whatever else is thrown counts as not retryable.
   */
  write(spans: readonly Span[], options: { readonly signal: AbortSignal }): Promise<void>;
  /** The same without waiting, for the last moment of a process; only sinks that can do it have it. */
  writeNow?(spans: readonly Span[]): void;
  /** Called once, after the last write. */
  close(): Promise<void>;
}

/** A batch that was not kept. */
export class SinkError extends Error {
  /** Whether the same batch may be kept later. */
  readonly retryable: boolean;
  /** How long the receiver asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { readonly retryable: boolean; readonly retryAfterMs?: number | undefined; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SinkError';
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}
