import { messageOf } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Span, SpanEvent, SpanKind, SpanLink } from '../core/trace.ts';
import { argumentsToText, type GenAiMessage } from './shared/genai.ts';
import { randomSpanId, randomTraceId } from './shared/random-ids.ts';
import { SPAN_BYTES, sizeOfAttributes, sizeOfEvents } from './shared/size.ts';
import { nanoseconds } from './shared/time.ts';
import { formatTraceparent, type RemoteParent } from './shared/traceparent.ts';
import { currentContext, guard, recordSpan, runIn, type TraceContext, tracingState } from './state.ts';

export type Attributes = { readonly [key: string]: Json | undefined };

/** An open span. All methods are safe to call at any time; after `end` they do nothing. */
export interface ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** For outgoing requests. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  event(name: string, attributes?: Attributes): void;
  /** What the agent was asked: a text, or messages in GenAI form. */
  input(value: string | readonly GenAiMessage[]): void;
  /** What it answered, the same way. */
  output(value: string | readonly GenAiMessage[]): void;
  error(error: unknown): void;
  /** `atMs`: milliseconds since the epoch; default now. */
  end(atMs?: number): void;
  /** Runs `fn` with this span as the parent of what happens in it. */
  run<T>(fn: () => T): T;
}

export type SpanStart = {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes?: Attributes;
  /** Default: the current position. `null` opens a new trace. */
  readonly parent?: RemoteParent | null;
  readonly traceId?: string;
  readonly spanId?: string;
  /** Milliseconds since the epoch. Default: now. */
  readonly startMs?: number;
  readonly links?: readonly SpanLink[];
};

const SCOPE = { name: 'apo/trace', version: '1' } as const;
const NO_EVENTS: readonly SpanEvent[] = [];
const NO_LINKS: readonly SpanLink[] = [];

/** Wall clock that never goes back while the process runs, in milliseconds with a fraction. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function startSpan(start: SpanStart, context: TraceContext = currentContext()): ActiveSpan {
  const state = tracingState();
  if (state === undefined) return SILENT;
  const parent = start.parent === null ? undefined : (start.parent ?? context.parent ?? context.turn?.current);
  const traceId = start.traceId ?? parent?.traceId ?? randomTraceId();
  const spanId = start.spanId ?? randomSpanId();
  const startMs = start.startMs ?? nowMs();
  const { resource } = state;
  const keepsContent = state.content !== 'none';
  // Copies of what was given, merged when the span is written: merging here would be most of a span's cost.
  const parts: Attributes[] = [context.inherited];
  let events: SpanEvent[] | undefined;
  let failure: { readonly message: string; readonly type: string } | undefined;
  let ended = false;
  if (start.attributes !== undefined) parts.push({ ...start.attributes });

  function record(endMs: number): void {
    let span: Span | undefined;
    let bytes = SPAN_BYTES + (failure?.message.length ?? 0) + sizeOfEvents(events ?? NO_EVENTS);
    for (const part of parts) bytes += sizeOfAttributes(part);
    recordSpan({
      bytes,
      build: () =>
        (span ??= {
          traceId,
          spanId,
          parentSpanId: parent?.spanId ?? null,
          name: start.name,
          kind: start.kind,
          startNs: nanoseconds(startMs),
          endNs: nanoseconds(endMs),
          status: failure === undefined ? 'ok' : 'error',
          statusMessage: failure?.message ?? '',
          attributes: merge(failure === undefined ? parts : [{ 'error.type': failure.type }, ...parts]),
          events: events ?? NO_EVENTS,
          links: start.links ?? NO_LINKS,
          resource,
          scope: SCOPE,
        }),
    });
  }
  return {
    traceId,
    spanId,
    traceparent: formatTraceparent({ traceId, spanId }),
    set(more) {
      if (!ended) parts.push({ ...more });
    },
    event(name, more) {
      if (ended) return;
      events ??= [];
      events.push({ name, timeNs: nanoseconds(nowMs()), attributes: merge([more ?? {}]) });
      context.onEvent?.(name);
    },
    input(value) {
      if (!ended && keepsContent) parts.push({ 'gen_ai.input.messages': messagesText('user', value) });
    },
    output(value) {
      if (!ended && keepsContent) parts.push({ 'gen_ai.output.messages': messagesText('assistant', value) });
    },
    error(error) {
      if (ended) return;
      const message = guard(() => messageOf(error)) ?? 'error';
      failure = { message, type: error instanceof Error ? error.name : 'error' };
    },
    end(atMs) {
      if (ended) return;
      ended = true;
      guard(() => record(Math.max(startMs, atMs ?? nowMs())));
    },
    run(fn) {
      return runIn({ ...context, parent: { traceId, spanId } }, fn);
    },
  };
}

/**
 * Runs `fn` within a span that ends when `fn` has returned or its promise has settled. What `fn` returns or throws is
 * passed on untouched.
 */
export function withSpan<T>(start: SpanStart, fn: (span: ActiveSpan) => T, onResult?: OnResult): T {
  if (tracingState() === undefined) return fn(SILENT);
  const span = startSpan(start);
  return settle(span, () => span.run(() => fn(span)), onResult);
}

type OnResult = (span: ActiveSpan, result: unknown) => void;

/** Ends the span with the outcome of `run`, synchronous or not. */
export function settle<T>(
  span: ActiveSpan,
  run: () => T,
  onResult?: OnResult,
  end: (failed: boolean) => void = () => span.end(),
): T {
  let result: T;
  try {
    result = run();
  } catch (error) {
    span.error(error);
    end(true);
    throw error;
  }
  if (!isThenable(result)) {
    guard(() => onResult?.(span, result));
    end(false);
    return result;
  }
  // A side branch: the caller gets the very same promise, and a rejection stays the caller's to handle.
  result.then(
    (value) => {
      guard(() => onResult?.(span, value));
      end(false);
    },
    (error) => {
      span.error(error);
      end(true);
    },
  );
  return result;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Later parts win; undefined leaves an attribute alone. */
function merge(parts: readonly Attributes[]): JsonObject {
  const merged: Record<string, Json> = {};
  for (const part of parts) {
    for (const key in part) {
      const value = part[key];
      if (value !== undefined) merged[key] = value;
    }
  }
  return merged;
}

function messagesText(role: string, value: string | readonly GenAiMessage[]): string {
  const messages = typeof value === 'string' ? [{ role, parts: [{ type: 'text', content: value }] }] : value;
  return guard(() => JSON.stringify(messages)) ?? '[]';
}

/** Any value as the text of a tool result: strings as they are, everything else as JSON. */
export function resultText(value: unknown): string {
  if (typeof value === 'string') return value;
  return guard(() => JSON.stringify(value)) ?? String(value);
}

export function argumentsText(value: unknown): string {
  return guard(() => argumentsToText(value as Json | undefined)) ?? '{}';
}

const ZERO = { traceId: '0'.repeat(32), spanId: '0'.repeat(16) } as const;

/** What callers hold while tracing is not configured. */
export const SILENT: ActiveSpan = {
  ...ZERO,
  traceparent: formatTraceparent(ZERO),
  set: () => undefined,
  event: () => undefined,
  input: () => undefined,
  output: () => undefined,
  error: () => undefined,
  end: () => undefined,
  run: (fn) => fn(),
};
