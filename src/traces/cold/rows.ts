import type { Json, JsonObject } from '../../core/json.ts';
import type { Span } from '../../core/trace.ts';
import { textOf, usageOf } from '../facts.ts';
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
  /** UTC date on which the trace ended. */
  readonly dt: string;
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
const OWN_COLUMNS = new Set([INPUT, OUTPUT, 'gen_ai.conversation.id', 'session.id', 'user.id', 'enduser.id']);

/** The rows of one trace: its session and user hold for every span of it. */
export function rowsOf(trace: readonly Span[], { pseudonym, redactionLevel }: ColdOptions): readonly ColdRow[] {
  const hashOfFirst = (...keys: readonly string[]): string | null => {
    for (const span of trace)
      for (const key of keys) {
        const id = textOf(span.attributes[key]);
        if (id !== '') return pseudonym(id);
      }
    return null;
  };
  const session_hash = hashOfFirst('gen_ai.conversation.id', 'session.id');
  const user_hash = hashOfFirst('user.id', 'enduser.id');
  const endMs = trace.reduce((latest, span) => Math.max(latest, milliseconds(span.endNs || span.startNs)), 0);
  const shared = { session_hash, user_hash, redaction_level: redactionLevel, dt: isoTime(endMs).slice(0, 10) };
  return trace.map((span) => ({ ...spanColumns(span), ...shared }));
}

function spanColumns(span: Span): Omit<ColdRow, 'session_hash' | 'user_hash' | 'redaction_level' | 'dt'> {
  const { attributes } = span;
  const usage = usageOf(attributes);
  const isModel = span.kind === 'model';
  const cost = attributes['gen_ai.usage.cost'];
  const rest = Object.fromEntries(Object.entries(attributes).filter(([key]) => !OWN_COLUMNS.has(key)));
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
    attributes_json: JSON.stringify(rest),
    events_json: JSON.stringify(span.events),
    tokens_in: isModel ? usage.input : null,
    tokens_out: isModel ? usage.output : null,
    cost: typeof cost === 'number' ? cost : null,
    score: scoreOf(span),
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
