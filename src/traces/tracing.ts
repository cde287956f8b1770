import type { RedactionLevel } from '../core/privacy/detector.ts';
import type { Span } from '../core/trace.ts';
import { type ContentLevel, limitContent, redactSpan } from './content.ts';
import { createRecorder, type TracingReport } from './recorder.ts';
import { redactOutbound } from './redaction.ts';
import type { TraceSink } from './sink.ts';
import {
  type ActiveSpan,
  type Attributes,
  argumentsText,
  resultText,
  SILENT,
  settle,
  startSpan,
  withSpan,
} from './span.ts';
import { currentContext, guard, internalErrorCount, runIn, setTracingState, tracingState } from './state.ts';

export type TracingOptions = {
  readonly sinks: readonly TraceSink[];
  /** `service.name` of the resource. Default `agent`. */
  readonly service?: string;
  /** Default `full`: a trace is there to be learned from. */
  readonly content?: ContentLevel;
  /**
   * Redaction of what leaves the machine (HTTP and OTLP to another host), 0 to 4: 1 secrets, 2 also personal data with a
   * known form, 3 also names, 4 structure only. Default 2.
   */
  readonly redaction?: RedactionLevel;
  /** Applied to each text before it reaches any sink; must not throw, or the span is lost (counted). */
  readonly redact?: (text: string) => string;
  /** Spans that may wait for each sink. Default 10,000; beyond it the oldest are dropped and counted. */
  readonly maxSpans?: number;
  /** The same as estimated bytes. Default 64 MiB. */
  readonly maxBytes?: number;
  /** How long spans wait for company, in milliseconds. Default 1,000. */
  readonly intervalMs?: number;
  /** Deadline of one write of a sink, in milliseconds. Default 10,000. */
  readonly writeTimeoutMs?: number;
};

export type Tracing = {
  /** Waits until what was recorded is written, 5 s at most by default; resolves with the counters, never rejects. */
  flush(timeoutMs?: number): Promise<TracingReport>;
  /** Flushes, closes the sinks and stops recording. */
  close(timeoutMs?: number): Promise<TracingReport>;
  /** `internalErrors` counts mistakes of tracing itself, each of which lost something. */
  report(): TracingReport & { readonly internalErrors: number };
};

const EXIT_FLUSH_MS = 2_000;

/**
 * Turns tracing on for this process; until then every call below is free. Called again it replaces the configuration
 * (close the earlier one first). Buffers are flushed when the event loop runs empty and, by sinks that can, on
 * `process.exit()`. A process killed by a signal without a handler loses at most `intervalMs` of spans.
 */
export function configureTracing(options: TracingOptions): Tracing {
  const { content = 'full', redact } = options;
  const outbound = redactOutbound(options.redaction);
  const prepare = (span: Span, sink: TraceSink): Span => {
    const safe = outbound(redact === undefined ? span : redactSpan(span, redact), sink);
    return limitContent(safe, content);
  };
  const recorder = createRecorder({ ...options, prepare });
  const state = { recorder, resource: { 'service.name': options.service ?? 'agent' }, content };
  setTracingState(state);

  let flushed = -1;
  async function onBeforeExit(): Promise<void> {
    const { recorded } = recorder.report();
    if (recorded === flushed) return;
    flushed = recorded;
    await recorder.flush(EXIT_FLUSH_MS);
    recorder.giveUp();
  }
  const onExit = (): void => recorder.flushNow();
  process.on('beforeExit', onBeforeExit);
  process.on('exit', onExit);
  return {
    flush: recorder.flush,
    async close(timeoutMs) {
      process.off('beforeExit', onBeforeExit);
      process.off('exit', onExit);
      if (tracingState() === state) setTracingState(undefined);
      return recorder.close(timeoutMs);
    },
    report: () => ({ ...recorder.report(), internalErrors: internalErrorCount() }),
  };
}

export type TraceOptions = {
  /**
   * When the trace ends. Default: when `fn` has returned or its promise has settled. With an end rule it stays open
   * after that, until `event` is recorded in it (`span.event(name)`) or `timeoutMs` have passed since its start.
   */
  readonly end?: { readonly event?: string; readonly timeoutMs?: number };
};

/** How long a trace with an end rule stays open when its event never comes. */
const END_TIMEOUT_MS = 10 * 60_000;

/**
 * One turn of an agent: from the user's message to the final reply. Opens a new trace, or a sub-agent's span when one
 * is open. Use `span.input` and `span.output` for what was asked and answered.
 */
export function trace<T>(
  name: string,
  fn: (span: ActiveSpan) => T,
  attributes?: Attributes,
  options: TraceOptions = {},
): T {
  const start = {
    name: `invoke_agent ${name}`,
    kind: 'agent',
    attributes: agentAttributes(name, attributes),
    parent: currentContext().parent ?? null,
  } as const;
  const { end } = options;
  if (end === undefined) return withSpan(start, fn);
  if (tracingState() === undefined) return fn(SILENT);
  const { event: endEvent, timeoutMs = END_TIMEOUT_MS } = end;
  const outer = currentContext();
  const context = { ...outer, onEvent: onEvent };
  const span = startSpan(start, context);
  const timer = setTimeout(() => span.end(), timeoutMs);
  timer.unref();
  function finish(): void {
    clearTimeout(timer);
    span.end();
  }
  function onEvent(name: string): void {
    outer.onEvent?.(name);
    if (name === endEvent) finish();
  }
  return settle(
    span,
    () => runIn({ ...context, parent: span }, () => fn(span)),
    undefined,
    (failed) => {
      if (failed) finish();
    },
  );
}

export type ToolDetails = Attributes & {
  /** The model's id of the call. */
  readonly id?: string;
  /** Raw text, or an object. */
  readonly arguments?: unknown;
};

/** Spans within a trace; outside of one they open their own. `fn`'s result is passed on untouched. */
export const span = {
  /** A sub-agent. */
  agent<T>(name: string, fn: (span: ActiveSpan) => T, attributes?: Attributes): T {
    const start = {
      name: `invoke_agent ${name}`,
      kind: 'agent',
      attributes: agentAttributes(name, attributes),
    } as const;
    return withSpan(start, fn);
  },
  /** A model call that no adapter records. */
  model<T>(model: string, fn: (span: ActiveSpan) => T, attributes?: Attributes): T {
    const own = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model, ...attributes };
    return withSpan({ name: `chat ${model}`, kind: 'model', attributes: own }, fn);
  },
  /** A tool execution; the returned value is recorded as its result, a thrown error as its failure. */
  tool<T>(name: string, fn: (span: ActiveSpan) => T, details: Omit<ToolDetails, never> = {}): T {
    const keepsContent = tracingState()?.content !== 'none';
    const { id, arguments: given, ...attributes } = details;
    const own = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.id': id,
      'gen_ai.tool.call.arguments': given === undefined || !keepsContent ? undefined : argumentsText(given),
      ...(attributes as Attributes),
    };
    return withSpan({ name: `execute_tool ${name}`, kind: 'tool', attributes: own }, fn, (open, result) => {
      if (keepsContent && result !== undefined) open.set({ 'gen_ai.tool.call.result': resultText(result) });
    });
  },
  /** A step of the agent's own logic: planning, retrieval of context, checks. */
  phase<T>(name: string, fn: (span: ActiveSpan) => T, attributes?: Attributes): T {
    return withSpan({ name, kind: 'phase', attributes: { 'apo.phase': name, ...attributes } }, fn);
  },
} as const;

/** The trace and span that the caller is in, for logs and for later feedback. */
export function currentTrace(): { readonly traceId: string; readonly spanId: string } | undefined {
  const { parent } = currentContext();
  return parent === undefined ? undefined : { traceId: parent.traceId, spanId: parent.spanId };
}

function agentAttributes(name: string, attributes: Attributes | undefined): Attributes {
  return guard(() => ({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name, ...attributes })) ?? {};
}
