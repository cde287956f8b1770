import { ApoError } from '../core/errors.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { ToolDefinition } from '../core/message.ts';
import type { Span, TraceEvent } from '../core/trace.ts';
import { addUsage, NO_USAGE, type Usage } from '../core/usage.ts';
import { createFacts, textOf, usageOf } from './facts.ts';
import { type Feedback, feedbackOf } from './feedback.ts';
import { milliseconds } from './shared/time.ts';
import { isoTime } from './shared/trajectory-event.ts';

/** Version of {@link FullTrace} and of span files. Readers accept every version up to this one. */
export const TRACE_VERSION = 1;

/** One turn without any loss: who said what, in order, and everything that the model was given. */
export type FullTrace = {
  readonly schema_version: number;
  readonly trace_id: string;
  readonly session_id: string | null;
  readonly name: string;
  readonly status: Span['status'];
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly duration_ms: number;
  readonly models: readonly string[];
  readonly system: readonly string[];
  readonly tools: readonly ToolDefinition[];
  /** `user`, `thinking`, `tool_call` with raw arguments, `tool_result` with its error flag, `reply`, `error`. */
  readonly events: readonly TraceEvent[];
  readonly usage: Usage;
  readonly feedback: readonly Feedback[];
};

/** Puts a trace together from its spans, given in any order; undefined when there are none. Pure. */
export function fullTraceOf(spans: readonly Span[]): FullTrace | undefined {
  const ordered = inOrder(spans);
  const first = ordered[0];
  if (first === undefined) return undefined;
  const root =
    ordered.findLast((span) => span.parentSpanId === null && span.kind === 'agent') ?? ordered.at(-1) ?? first;
  const facts = createFacts();
  const told = ordered.some((span) => span.kind === 'model' && span.attributes['gen_ai.input.messages'] !== undefined);
  const events = [...(told ? [] : facts.opening(root)), ...ordered.flatMap((span) => facts.of(span))];
  const calls = events.filter((event) => event.type === 'model_call');
  const tools = calls.flatMap((call) => (call.type === 'model_call' ? (call.tools ?? []) : []));
  const models = calls.flatMap((call) => (call.type === 'model_call' && call.model !== '' ? [call.model] : []));
  const startMs = ordered.reduce(
    (least, span) => Math.min(least, milliseconds(span.startNs)),
    milliseconds(first.startNs),
  );
  const session = ordered.find((span) => span.attributes['gen_ai.conversation.id'] !== undefined);
  return {
    schema_version: TRACE_VERSION,
    trace_id: first.traceId,
    session_id: session === undefined ? null : textOf(session.attributes['gen_ai.conversation.id']),
    name: root.name,
    status: root.status,
    started_at: isoTime(startMs),
    duration_ms: Math.max(0, milliseconds(root.endNs) - startMs),
    models: [...new Set(models)],
    system: events.flatMap((event) => (event.type === 'system' ? [event.content] : [])),
    tools: [...new Map(tools.map((tool) => [tool.function.name, tool])).values()],
    events,
    usage: ordered.reduce(
      (sum, span) => (span.kind === 'model' ? addUsage(sum, usageOf(span.attributes)) : sum),
      NO_USAGE,
    ),
    feedback: ordered.flatMap(feedbackOf),
  };
}

/** By end, and parents after their children; feedback, which comes later, last. */
function inOrder(spans: readonly Span[]): readonly Span[] {
  const keyed = spans.map((span) => ({ span, end: milliseconds(span.endNs || span.startNs) }));
  return keyed
    .sort((a, b) => a.end - b.end || Number(a.span.parentSpanId === null) - Number(b.span.parentSpanId === null))
    .map(({ span }) => span);
}

/**
 * Reads a full trace written by any version so far.
 * @throws ApoError `store-newer` for a later version, `request-invalid` for anything that is no full trace.
 */
export function parseFullTrace(value: unknown): FullTrace {
  const version = isJsonObject(value) ? value.schema_version : undefined;
  if (!isJsonObject(value) || typeof version !== 'number' || !Array.isArray(value.events)) {
    throw new ApoError('request-invalid', 'not a full trace', {
      hint: 'expected an object with schema_version, events',
    });
  }
  if (version > TRACE_VERSION) {
    throw new ApoError('store-newer', `the trace is of version ${version}, newer than this apo reads`, {
      hint: 'update apo',
    });
  }
  return value as JsonObject & FullTrace;
}
