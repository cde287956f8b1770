import { messageOf } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { SpanEvent, SpanKind, SpanLink } from '../core/trace.ts';
import { argumentsToText, type GenAiMessage } from './shared/genai.ts';
import { randomSpanId, randomTraceId } from './shared/random-ids.ts';
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

/** Wall clock that never goes back while the process runs, in milliseconds with a fraction. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function startSpan(start: SpanStart, context: TraceContext = currentContext()): ActiveSpan {
  const state = tracingState();
  if (state === undefined) return SILENT;
  const parent = start.parent === null ? undefined : (start.parent ?? context.parent);
  const traceId = start.traceId ?? parent?.traceId ?? randomTraceId();
  const spanId = start.spanId ?? randomSpanId();
  const startMs = start.startMs ?? nowMs();
  const attributes: Record<string, Json> = { ...context.inherited };
  const keepsContent = state.content !== 'none';
  let events: SpanEvent[] | undefined;
  let status: 'unset' | 'ok' | 'error' = 'unset';
  let statusMessage = '';
  let ended = false;
  assign(attributes, start.attributes);

  return {
    traceId,
    spanId,
    traceparent: formatTraceparent({ traceId, spanId }),
    set(more) {
      if (!ended) assign(attributes, more);
    },
    event(name, more) {
      if (ended) return;
      const own: Record<string, Json> = {};
      assign(own, more);
      events ??= [];
      events.push({ name, timeNs: nanoseconds(nowMs()), attributes: own });
      context.onEvent?.(name);
    },
    input(value) {
      if (!ended && keepsContent) attributes['gen_ai.input.messages'] = messagesText('user', value);
    },
    output(value) {
      if (!ended && keepsContent) attributes['gen_ai.output.messages'] = messagesText('assistant', value);
    },
    error(error) {
      if (ended) return;
      status = 'error';
      statusMessage = guard(() => messageOf(error)) ?? 'error';
      attributes['error.type'] ??= error instanceof Error ? error.name : 'error';
    },
    end(atMs) {
      if (ended) return;
      ended = true;
      recordSpan({
        traceId,
        spanId,
        parentSpanId: parent?.spanId ?? null,
        name: start.name,
        kind: start.kind,
        startNs: nanoseconds(startMs),
        endNs: nanoseconds(Math.max(startMs, atMs ?? nowMs())),
        status: status === 'unset' ? 'ok' : status,
        statusMessage,
        attributes,
        events: events ?? [],
        links: start.links ?? [],
        resource: state.resource,
        scope: SCOPE,
      });
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

function assign(target: Record<string, Json>, more: Attributes | undefined): void {
  for (const key in more) {
    const value = more[key];
    if (value !== undefined) target[key] = value;
  }
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
