import type { Span } from '../core/trace.ts';

/** The trace part of the store: spans from training runs and from production, in one place. */
export interface TraceStore {
  /** Inserts or replaces by (traceId, spanId), all or nothing. Late, repeated and out-of-order spans are normal. */
  saveSpans(spans: readonly Span[]): Promise<void>;
  /** All spans of a trace by start time; empty when unknown. */
  spans(traceId: string): Promise<readonly Span[]>;
}
