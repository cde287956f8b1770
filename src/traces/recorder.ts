import type { Span } from '../core/trace.ts';
import { createLane, type LaneOptions, type SinkReport } from './lane.ts';
import { type PendingSpan, pendingOf } from './shared/size.ts';
import type { TraceSink } from './sink.ts';

/**
 * Stands between the agent and the sinks. `record` only appends to memory; everything else happens later and can fail
 * without anyone noticing but the report. Each sink has its own bounded queue and at most one write in flight, so that a
 * sink that hangs holds one queue and one batch, never more (promise R22).
 */
export type Recorder = {
  /** Never throws and never waits. */
  record(span: Span | PendingSpan): void;
  /** Tries to empty all queues; returns after `timeoutMs` (default 5,000) at the latest, with the report. */
  flush(timeoutMs?: number): Promise<TracingReport>;
  /** For the moment before the process ends: writes what is queued through the sinks that can do it without waiting. */
  flushNow(): void;
  /** Aborts writes in flight, so that they do not hold the process. */
  giveUp(): void;
  /** Flushes, then closes the sinks and drops what is left, counted. */
  close(timeoutMs?: number): Promise<TracingReport>;
  report(): TracingReport;
};

export type TracingReport = {
  readonly recorded: number;
  /** Lost spans over all sinks. */
  readonly dropped: number;
  readonly sinks: readonly SinkReport[];
};

export type RecorderOptions = LaneOptions & {
  readonly sinks: readonly TraceSink[];
  /** How long spans wait for company. Default 1,000. */
  readonly intervalMs?: number;
};

export function createRecorder(options: RecorderOptions): Recorder {
  const intervalMs = options.intervalMs ?? 1_000;
  const lanes = options.sinks.map((sink) => createLane(sink, options));
  let recorded = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function report(): TracingReport {
    const sinks = lanes.map((lane) => lane.report());
    const dropped = sinks.reduce((sum, { dropped }) => sum + dropped.overflow + dropped.refused, 0);
    return { recorded, dropped, sinks };
  }
  async function flush(timeoutMs = 5_000): Promise<TracingReport> {
    await withDeadline(Promise.all(lanes.map((lane) => lane.drain())), timeoutMs);
    return report();
  }
  return {
    record(span) {
      if (closed) return;
      recorded += 1;
      const pending = 'build' in span ? span : pendingOf(span);
      for (const lane of lanes) lane.push(pending, pending.bytes);
      if (timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        for (const lane of lanes) lane.start();
      }, intervalMs);
      timer.unref();
    },
    flush,
    flushNow() {
      for (const lane of lanes) lane.drainNow();
    },
    giveUp() {
      for (const lane of lanes) lane.giveUp();
    },
    async close(timeoutMs) {
      await flush(timeoutMs);
      closed = true;
      clearTimeout(timer);
      await withDeadline(Promise.all(lanes.map((lane) => lane.close())), timeoutMs ?? 5_000);
      return report();
    },
    report,
  };
}

async function withDeadline(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  try {
    await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
