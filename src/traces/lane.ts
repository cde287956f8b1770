import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import type { Span } from '../core/trace.ts';
import { createQueue } from './shared/queue.ts';
import type { PendingSpan } from './shared/size.ts';
import { SinkError, type TraceSink } from './sink.ts';

export type SinkReport = {
  readonly name: string;
  readonly written: number;
  /** `overflow`: the buffer was full and the oldest went; `refused`: the sink failed for good. */
  readonly dropped: { readonly overflow: number; readonly refused: number };
  readonly failures: number;
  readonly queued: number;
  readonly queuedBytes: number;
  /** Message of the last failure, '' when there was none. */
  readonly lastError: string;
};

export type LaneOptions = {
  /** Spans that may wait for one sink. Default 10,000. */
  readonly maxSpans?: number;
  /** Their estimated size. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Deadline of one write. Default 10,000. */
  readonly writeTimeoutMs?: number;
  /** Applied to each span when it is written, not when it is recorded; a span for which it throws is lost, counted. */
  readonly prepare?: (span: Span, sink: TraceSink) => Span;
};

export const MAX_SPANS = 10_000;
export const MAX_BYTES = 64 * 1024 * 1024;
const BATCH_SPANS = 512;
const BATCH_BYTES = 4 * 1024 * 1024;
/** How long spans are prepared at a stretch. */
const PAUSE_AFTER_MS = 5;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;

/** One sink with its queue: at most one write in flight, and a pause that doubles while the sink asks for patience. */
export function createLane(sink: TraceSink, options: LaneOptions) {
  const writeTimeoutMs = options.writeTimeoutMs ?? 10_000;
  const queue = createQueue<PendingSpan>(options.maxSpans ?? MAX_SPANS, options.maxBytes ?? MAX_BYTES);
  let written = 0;
  let refused = 0;
  let failures = 0;
  let lastError = '';
  let running: Promise<void> | undefined;
  let abort: AbortController | undefined;
  let backoffMs = 0;
  let retry: NodeJS.Timeout | undefined;
  let gaveUp = false;

  function prepareOne(pending: PendingSpan): readonly Span[] {
    try {
      const span = pending.build();
      return [options.prepare === undefined ? span : options.prepare(span, sink)];
    } catch (error) {
      refused += 1;
      lastError = messageOf(error);
      return [];
    }
  }

  /** Redaction takes a while: the agent gets its turn in between. */
  async function prepared(pending: readonly PendingSpan[]): Promise<readonly Span[]> {
    const spans: Span[] = [];
    let started = performance.now();
    for (const one of pending) {
      spans.push(...prepareOne(one));
      if (performance.now() - started < PAUSE_AFTER_MS) continue;
      await setImmediate();
      started = performance.now();
    }
    return spans;
  }

  /** Writes until the queue is empty or the sink fails. */
  async function pump(): Promise<void> {
    clearTimeout(retry);
    retry = undefined;
    for (let batch = queue.take(BATCH_SPANS, BATCH_BYTES); batch.items.length > 0; ) {
      const controller = new AbortController();
      abort = controller;
      const deadline = setTimeout(() => controller.abort(new Error('timeout')), writeTimeoutMs);
      deadline.unref();
      try {
        const spans = await prepared(batch.items);
        if (spans.length > 0) await sink.write(spans, { signal: controller.signal });
        written += spans.length;
        backoffMs = 0;
        batch = queue.take(BATCH_SPANS, BATCH_BYTES);
      } catch (error) {
        failures += 1;
        lastError = messageOf(error);
        if (!(error instanceof SinkError) || !error.retryable) {
          refused += batch.items.length;
          batch = queue.take(BATCH_SPANS, BATCH_BYTES);
          continue;
        }
        queue.putBack(batch);
        if (gaveUp) return;
        backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, backoffMs * 2));
        retry = setTimeout(
          () => {
            retry = undefined;
            void run();
          },
          Math.min(MAX_BACKOFF_MS, error.retryAfterMs ?? backoffMs),
        );
        retry.unref();
        return;
      } finally {
        clearTimeout(deadline);
        abort = undefined;
      }
    }
  }
  function run(): Promise<void> {
    running ??= pump().finally(() => {
      running = undefined;
    });
    return running;
  }
  return {
    push(span: PendingSpan, bytes: number): void {
      gaveUp = false;
      queue.push(span, bytes);
    },
    /** Writes unless the sink asked for a pause. */
    start(): void {
      if (retry === undefined && !gaveUp) void run();
    },
    /** Writes now, pause or not. */
    drain: run,
    /** Nothing is tried again until something new is recorded, so that retries do not hold an ending process. */
    giveUp(): void {
      gaveUp = true;
      clearTimeout(retry);
      abort?.abort(new Error('the process is ending'));
    },
    drainNow(): void {
      if (sink.writeNow === undefined) return;
      const { items } = queue.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      try {
        const spans = items.flatMap(prepareOne);
        if (spans.length > 0) sink.writeNow(spans);
        written += spans.length;
      } catch (error) {
        refused += items.length;
        lastError = messageOf(error);
      }
    },
    async close(): Promise<void> {
      clearTimeout(retry);
      abort?.abort(new Error('tracing was closed'));
      refused += queue.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).items.length;
      try {
        await sink.close();
      } catch (error) {
        lastError = messageOf(error);
      }
    },
    report: (): SinkReport => ({
      name: sink.name,
      written,
      dropped: { overflow: queue.dropped(), refused },
      failures,
      queued: queue.size(),
      queuedBytes: queue.bytes(),
      lastError,
    }),
  };
}
