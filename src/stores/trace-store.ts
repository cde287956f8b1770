import type { Json } from '../core/json.ts';
import type { Span, SpanEvent } from '../core/trace.ts';

/** The trace part of the store: spans from training runs and from production, in one place. */
export interface TraceStore {
  /**
   * Inserts or replaces by (traceId, spanId), all or nothing. Late, repeated and out-of-order spans are normal. Spans of
   * a trace that was deleted are dropped.
   */
  saveSpans(spans: readonly Span[]): Promise<void>;
  /** Adds events that arrived apart from their span, before or after it; the same event again changes nothing. */
  saveEvents(events: readonly LateEvent[]): Promise<void>;
  /** All spans of a trace by start time, with the events that arrived apart; empty when unknown. */
  spans(traceId: string): Promise<readonly Span[]>;
  /** What is known of one trace, by id or by a prefix that only one trace has. */
  find(reference: string): Promise<TraceSummary | undefined>;
  /** Newest first. The cost of a page does not depend on how many traces came before it. */
  list(filter: TraceFilter, page?: TracePageRequest): Promise<TracePage>;
  stats(filter: TraceFilter): Promise<TraceStats>;
  /**
   * Removes spans, summaries, search index and feedback, and then the bytes from the file and its write-ahead log, which
   * rewrites the file. `keepSpace` leaves the file as large as it is, for what comes next: others can write meanwhile.
   * Of a user or session also the feedback that names them and is with no trace of theirs.
   * @returns how many traces are gone.
   */
  delete(target: TraceTarget, options?: { readonly keepSpace?: boolean }): Promise<number>;
  /** Removes feedback and events from before `until` (ISO 8601) that wait for a trace or response which never came. */
  deleteStrays(until: string): Promise<void>;
  /**
   * Attaches feedback at any later time, also before the first span of the trace arrives. The same id replaces.
   * @returns the trace that it is with; '' while it names none and its response has not arrived.
   */
  addFeedback(feedback: FeedbackRow): Promise<string>;
  /** Oldest first, evaluation events of the spans included. */
  feedback(traceId: string): Promise<readonly FeedbackRow[]>;
}

/**
 * An event of a span that came by another way than with its span: as an OTLP log record. An evaluation without a span
 * (`spanId` is '') is about the whole trace; one without a trace ('' too) names a response, see {@link FeedbackRow}.
 */
export type LateEvent = SpanEvent & { readonly traceId: string; readonly spanId: string };

/** One row of the list of traces; kept up to date while spans arrive. */
export type TraceSummary = {
  readonly traceId: string;
  /** Of the root span; of the earliest span until the root has arrived. */
  readonly name: string;
  readonly sessionId: string | null;
  readonly userId: string | null;
  /** `service.name` of the resource; '' when unknown. */
  readonly service: string;
  /** Nanoseconds since the epoch as decimal strings: first start and last end ('' while all spans are open). */
  readonly startNs: string;
  readonly endNs: string;
  readonly durationMs: number;
  /** `error` when any span failed. */
  readonly status: 'ok' | 'error';
  readonly spans: number;
  readonly errors: number;
  readonly models: readonly string[];
  readonly tools: readonly string[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Mean of all scores of the trace's feedback, 0..1; null when there is none. */
  readonly score: number | null;
  /** Number of feedback rows. */
  readonly feedback: number;
  /** Start of the user's last message and of the reply, for lists; '' when content was not captured. */
  readonly input: string;
  readonly output: string;
};

/** All conditions must hold. Bounds are inclusive. */
export type TraceFilter = {
  readonly sessionId?: string;
  readonly userId?: string;
  /** Exact name as requested from or reported by the provider. */
  readonly model?: string;
  readonly tool?: string;
  readonly status?: 'ok' | 'error';
  readonly minScore?: number;
  readonly maxScore?: number;
  /** Words that must all occur in messages, tool calls, results or errors of the trace; case does not matter. */
  readonly text?: string;
  /** ISO 8601; compared with the start of the trace. */
  readonly since?: string;
  readonly until?: string;
};

export type TracePageRequest = {
  /** Default 50. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
};
export type TracePage = {
  readonly traces: readonly TraceSummary[];
  /** Null on the last page. */
  readonly next: string | null;
};

export type TraceStats = {
  readonly traces: number;
  readonly sessions: number;
  readonly spans: number;
  /** Traces with at least one failed span. */
  readonly errors: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly meanScore: number | null;
  readonly meanDurationMs: number;
  /** Traces for each model and tool, most used first. */
  readonly models: readonly { readonly name: string; readonly traces: number }[];
  readonly tools: readonly { readonly name: string; readonly traces: number }[];
};

export type TraceTarget =
  | { readonly traceIds: readonly string[] }
  | { readonly sessionId: string }
  | { readonly userId: string };

/** What a person, a judge or a program said about a trace after the fact. */
export type FeedbackRow = {
  readonly id: string;
  readonly traceId: string;
  /** The span it is about; null for the whole trace. */
  readonly spanId: string | null;
  /**
   * Given with new feedback only: the provider's id of the response that it is about. It is put with the span that has
   * that id, now or when that span arrives: the named span itself, else the latest of the named trace, else the latest of
   * all. Until then it stays where `traceId` says ('' for nowhere).
   */
  readonly responseId?: string;
  /** `thumbs`, `rating`, `comment`, `correction`, or the name of the evaluation. */
  readonly name: string;
  readonly source: 'human' | 'judge' | 'code';
  /** 0..1 (thumbs down 0, up 1; a rating of 1 to 5 stars is spread over 0..1); null when it gives no score. */
  readonly score: number | null;
  /** As given: `up`, `down`, `4`, `pass` ...; '' when there is none. */
  readonly label: string;
  /** Comment or explanation; '' when there is none. */
  readonly comment: string;
  /** The answer that would have been right; null when none was given. */
  readonly correction: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly metadata: { readonly [key: string]: Json };
};
