import type { Json, JsonObject } from '../../core/json.ts';
import type { Span } from '../../core/trace.ts';
import type { FeedbackRow } from '../../stores/trace-store.ts';
import { textOf, usageOf } from '../facts.ts';
import { IDENTITY_KEYS } from '../shared/conventions/facts.ts';
import { RECEIVED_NS } from '../shared/otlp/span.ts';
import { milliseconds } from '../shared/time.ts';
import { isoTime } from '../shared/trajectory-event.ts';

/** One span in cold storage. Flat columns, JSON as text: the file stays readable whatever later versions add. */
export type ColdRow = {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string | null;
  readonly kind: string;
  readonly name: string;
  /** Pseudonyms; the ids themselves are not in the file. */
  readonly session_hash: string | null;
  readonly user_hash: string | null;
  readonly model: string | null;
  readonly prompt_version: string | null;
  readonly start_ns: bigint;
  readonly end_ns: bigint;
  readonly status: string;
  readonly input_json: string | null;
  readonly output_json: string | null;
  readonly attributes_json: string;
  readonly events_json: string;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  /** US dollars, where a span says so. */
  readonly cost: number | null;
  /** 0..1, of the span's first evaluation that has a number. */
  readonly score: number | null;
  readonly redaction_level: number;
  /** UTC date on which the trace ended, or was received if its clock was ahead: the partition that the row is in. */
  readonly dt: string;
  /** What was said about the whole trace or this span, as a list; null when nothing was. */
  readonly feedback_json: string | null;
};

/** A trace on its way out of the store. */
export type ColdTrace = {
  readonly spans: readonly Span[];
  /** As the store knows them: the ids by which it deletes. They must not have been redacted. */
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly feedback: readonly FeedbackRow[];
};

export type ColdOptions = {
  /** Turns user and session ids into pseudonyms (`pseudonymOf` with the project's key). */
  readonly pseudonym: (id: string) => string;
  /** What has been applied to the spans already; written beside them. */
  readonly redactionLevel: number;
};

const INPUT = 'gen_ai.input.messages';
const OUTPUT = 'gen_ai.output.messages';
/** Kept out of `attributes_json`: they have columns of their own, the ids as pseudonyms only. */
const OWN_COLUMNS = new Set([INPUT, OUTPUT, ...IDENTITY_KEYS]);

/** The rows of one trace: its session and user hold for every span of it. */
export function rowsOf(trace: ColdTrace, { pseudonym, redactionLevel }: ColdOptions): readonly ColdRow[] {
  const { spans, sessionId, userId, feedback } = trace;
  const endMs =
    receivedMs(spans) ?? spans.reduce((latest, span) => Math.max(latest, milliseconds(span.endNs || span.startNs)), 0);
  const shared = {
    session_hash: sessionId === null ? null : pseudonym(sessionId),
    user_hash: userId === null ? null : pseudonym(userId),
    redaction_level: redactionLevel,
    dt: isoTime(endMs).slice(0, 10),
  };
  const root = spans.find((span) => span.parentSpanId === null) ?? spans[0];
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.map((span) => {
    const own = feedback.filter(({ spanId }) =>
      spanId !== null && ids.has(spanId) ? spanId === span.spanId : span === root,
    );
    const score = own.find((given) => given.score !== null)?.score ?? scoreOf(span);
    return {
      ...spanColumns(span),
      ...shared,
      score,
      feedback_json: own.length === 0 ? null : JSON.stringify(own.map(withoutIds)),
    };
  });
}

/** When a trace was received whose clock was ahead; undefined for all others. */
export function receivedMs(spans: readonly Span[]): number | undefined {
  const times = spans.flatMap(({ attributes }) => {
    const received = attributes[RECEIVED_NS];
    return typeof received === 'string' && /^\d{1,20}$/.test(received) ? [milliseconds(received)] : [];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

function withoutIds({ traceId, metadata, ...given }: FeedbackRow): object {
  return { ...given, metadata: withoutOwnColumns(metadata) };
}

function withoutOwnColumns(attributes: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !OWN_COLUMNS.has(key)));
}

type TraceColumn = 'session_hash' | 'user_hash' | 'redaction_level' | 'dt' | 'score' | 'feedback_json';

function spanColumns(span: Span): Omit<ColdRow, TraceColumn> {
  const { attributes } = span;
  const usage = usageOf(attributes);
  const isModel = span.kind === 'model';
  const cost = attributes['gen_ai.usage.cost'];
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_id: span.parentSpanId,
    kind: span.kind,
    name: span.name,
    model: optional(attributes['gen_ai.response.model'] ?? attributes['gen_ai.request.model']),
    prompt_version: optional(attributes['gen_ai.prompt.version']),
    start_ns: wholeOf(span.startNs),
    end_ns: wholeOf(span.endNs),
    status: span.status,
    input_json: optional(attributes[INPUT]),
    output_json: optional(attributes[OUTPUT]),
    attributes_json: JSON.stringify(withoutOwnColumns(attributes)),
    events_json: JSON.stringify(span.events),
    tokens_in: isModel ? usage.input : null,
    tokens_out: isModel ? usage.output : null,
    cost: typeof cost === 'number' ? cost : null,
  };
}

function optional(value: Json | undefined): string | null {
  return textOf(value) || null;
}

function wholeOf(text: string): bigint {
  return /^\d{1,18}$|^[1-8]\d{18}$/.test(text) ? BigInt(text) : 0n;
}

function scoreOf(span: Span): number | null {
  const scores = span.events
    .filter(({ name }) => name === 'gen_ai.evaluation.result')
    .map(({ attributes }: { readonly attributes: JsonObject }) => attributes['gen_ai.evaluation.score.value']);
  const score = scores.find((value) => typeof value === 'number');
  return typeof score === 'number' ? score : null;
}
