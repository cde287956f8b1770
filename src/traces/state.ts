import { AsyncLocalStorage } from 'node:async_hooks';
import type { JsonObject } from '../core/json.ts';
import type { ContentLevel } from './content.ts';
import type { Recorder } from './recorder.ts';
import type { PendingSpan } from './shared/size.ts';
import { formatTraceparent, parseTraceparent, type RemoteParent } from './shared/traceparent.ts';

/** What every traced call can see of its surroundings. */
export type TraceContext = {
  /** The span that new spans are children of. */
  readonly parent: RemoteParent | undefined;
  readonly sessionId: string | undefined;
  /** The turn that a wrapped client has opened in this session, so that tools between its calls belong to it. */
  readonly turn: { current: RemoteParent | undefined } | undefined;
  /** Attributes that each span below gets: conversation, user, prompt name and version. */
  readonly inherited: JsonObject;
  /** Called with the name of each event recorded below, for traces that end on an event. */
  readonly onEvent: ((name: string) => void) | undefined;
};

export type TracingState = {
  readonly recorder: Recorder;
  readonly resource: JsonObject;
  readonly content: ContentLevel;
};

export const NO_CONTEXT: TraceContext = {
  parent: undefined,
  sessionId: undefined,
  turn: undefined,
  inherited: {},
  onEvent: undefined,
};

const storage = new AsyncLocalStorage<TraceContext>();
let state: TracingState | undefined;
let internalErrors = 0;

export function currentContext(): TraceContext {
  return storage.getStore() ?? NO_CONTEXT;
}

export function runIn<T>(context: TraceContext, fn: () => T): T {
  return storage.run(context, fn);
}

/** Undefined until `configureTracing`: then nothing is recorded and everything costs next to nothing. */
export function tracingState(): TracingState | undefined {
  return state;
}

export function setTracingState(next: TracingState | undefined): void {
  state = next;
}

/** Tracing's own mistakes are counted, never shown to the agent. */
export function guard<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    internalErrors += 1;
    return undefined;
  }
}

export function internalErrorCount(): number {
  return internalErrors;
}

export function recordSpan(span: PendingSpan): void {
  state?.recorder.record(span);
}

/** The current position as a W3C `traceparent` header for outgoing requests; undefined outside of a trace. */
export function traceparent(): string | undefined {
  const { parent } = currentContext();
  return parent === undefined ? undefined : formatTraceparent(parent);
}

/** Runs `fn` as part of the trace that a `traceparent` header names; an invalid or missing header changes nothing. */
export function continueTrace<T>(header: string | undefined, fn: () => T): T {
  const parent = parseTraceparent(header);
  return parent === undefined ? fn() : runIn({ ...currentContext(), parent }, fn);
}

export type SessionOptions = {
  readonly userId?: string;
  /** The prompt that the agent runs with, shown on each span (`loadBestPrompt` knows both). */
  readonly prompt?: { readonly name: string; readonly version: string | number };
};

/** Groups all traces within `fn` under a session (`gen_ai.conversation.id`). */
export function session<T>(id: string, fn: () => T, options: SessionOptions = {}): T {
  const context = currentContext();
  const { userId, prompt } = options;
  const inherited: JsonObject = {
    ...context.inherited,
    'gen_ai.conversation.id': id,
    ...(userId === undefined ? {} : { 'user.id': userId }),
    ...(prompt === undefined
      ? {}
      : { 'gen_ai.prompt.name': prompt.name, 'gen_ai.prompt.version': String(prompt.version) }),
  };
  return runIn({ ...context, sessionId: id, turn: { current: undefined }, inherited }, fn);
}
