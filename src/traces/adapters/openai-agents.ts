import { hashOf, isJsonObject, type JsonObject } from '../../core/json.ts';
import type { SpanKind } from '../../core/trace.ts';
import { textOf } from '../facts.ts';
import { CHAT, RESPONSES, requestAttributes } from '../openai/endpoints.ts';
import { chatConversation } from '../openai/messages.ts';
import { isTraceId } from '../shared/ids.ts';
import type { RemoteParent } from '../shared/traceparent.ts';
import { type ActiveSpan, type Attributes, nowMs, startSpan } from '../span.ts';
import { guard, NO_CONTEXT, tracingState } from '../state.ts';

/** The parts of `@openai/agents` traces and spans that are read; nothing of the package is imported. */
type AgentsTrace = { readonly traceId: string; readonly name: string; readonly groupId: string | null };
type AgentsSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly spanData: unknown;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly error: { readonly message: string } | null;
};

const MAX_OPEN = 1_000;

/**
 * A tracing processor for openai-agents: `addTraceProcessor(createAgentsProcessor())`. Each of its traces becomes a trace
 * with a root span; `groupId` becomes the session. Tested with `@openai/agents-core` 0.14.
 */
export function createAgentsProcessor() {
  const roots = new Map<string, { readonly root: ActiveSpan; readonly session: Attributes; input: boolean }>();

  return {
    start(): void {},
    async onTraceStart(trace: AgentsTrace): Promise<void> {
      if (tracingState() === undefined) return;
      guard(() => {
        const session = sessionOf(trace);
        const oldest = roots.size >= MAX_OPEN ? (roots.keys().next().value ?? '') : '';
        roots.get(oldest)?.root.end();
        roots.delete(oldest);
        roots.set(trace.traceId, { root: startRoot(trace, nowMs()), session, input: false });
      });
    },
    async onTraceEnd(trace: AgentsTrace): Promise<void> {
      roots.get(trace.traceId)?.root.end();
      roots.delete(trace.traceId);
    },
    async onSpanStart(_span: AgentsSpan): Promise<void> {},
    async onSpanEnd(span: AgentsSpan): Promise<void> {
      guard(() => {
        const open = roots.get(span.traceId);
        const { input, output } = recordAgentsSpan(span, open?.session ?? {});
        if (open === undefined) return;
        if (!open.input && input !== undefined) {
          open.input = true;
          open.root.set({ 'gen_ai.input.messages': input });
        }
        open.root.set({ 'gen_ai.output.messages': output });
        if (span.error !== null && span.parentId === null) open.root.error(span.error.message);
      });
    },
    async shutdown(): Promise<void> {},
    async forceFlush(): Promise<void> {},
  };
}

/**
 * The same as an exporter, for the package's own `BatchTraceProcessor`. It learns of a trace but not of its end, so the
 * root covers the spans of the batch in which the trace is announced.
 */
export function createAgentsExporter() {
  return {
    async export(items: readonly (object | AgentsTrace | AgentsSpan)[]): Promise<void> {
      if (tracingState() === undefined) return;
      guard(() => {
        const spans = items.filter(isSpan);
        for (const trace of items.filter(isTrace)) {
          const own = spans.filter(({ traceId }) => traceId === trace.traceId);
          const starts = own.map(({ startedAt }) => timeOf(startedAt));
          startRoot(
            trace,
            starts.reduce((a, b) => Math.min(a, b), starts[0] ?? nowMs()),
          ).end(own.map(({ endedAt }) => timeOf(endedAt)).reduce((a, b) => Math.max(a, b), 0) || undefined);
        }
        for (const span of spans) recordAgentsSpan(span, {});
      });
    },
  };
}

function isSpan(item: object): item is AgentsSpan {
  return 'spanData' in item;
}

function isTrace(item: object): item is AgentsTrace {
  return !('spanData' in item) && 'traceId' in item;
}

function startRoot(trace: AgentsTrace, startMs: number): ActiveSpan {
  const { traceId, spanId } = rootOf(trace.traceId);
  const attributes = {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': trace.name,
    ...sessionOf(trace),
  };
  const start = {
    name: `invoke_agent ${trace.name}`,
    kind: 'agent',
    parent: null,
    traceId,
    spanId,
    startMs,
    attributes,
  } as const;
  return startSpan(start, NO_CONTEXT);
}

function sessionOf({ groupId }: AgentsTrace): Attributes {
  return groupId === null ? {} : { 'gen_ai.conversation.id': groupId };
}

/** `trace_` and 32 hex digits; anything else is hashed. */
function traceIdOf(given: string): string {
  const bare = given.replace(/^trace_/, '').toLowerCase();
  return isTraceId(bare) ? bare : hashOf(given).slice(0, 32);
}

function rootOf(given: string): RemoteParent {
  return { traceId: traceIdOf(given), spanId: hashOf(['root', given]).slice(0, 16) };
}

/** Span ids of the package have 24 digits, OpenTelemetry's 16. */
function spanIdOf(given: string): string {
  return hashOf(given).slice(0, 16);
}

function timeOf(text: string | null): number {
  const ms = Date.parse(text ?? '');
  return Number.isFinite(ms) ? ms : nowMs();
}

type Texts = { readonly input: string | undefined; readonly output: string | undefined };

function recordAgentsSpan(span: AgentsSpan, session: Attributes): Texts {
  if (tracingState() === undefined) return { input: undefined, output: undefined };
  const data = isJsonObject(span.spanData) ? span.spanData : {};
  const { kind, name, attributes } = describe(data);
  const traceId = traceIdOf(span.traceId);
  const parent = span.parentId === null ? rootOf(span.traceId) : { traceId, spanId: spanIdOf(span.parentId) };
  const keepsContent = tracingState()?.content !== 'none';
  const shown = keepsContent ? attributes : withoutContent(attributes);
  const open = startSpan(
    {
      name,
      kind,
      parent,
      traceId,
      spanId: spanIdOf(span.spanId),
      startMs: timeOf(span.startedAt),
      attributes: { ...session, ...shown },
    },
    NO_CONTEXT,
  );
  if (span.error !== null) open.error(span.error.message);
  open.end(timeOf(span.endedAt));
  const text = (key: string): string | undefined => (typeof shown[key] === 'string' ? shown[key] : undefined);
  return { input: text('gen_ai.input.messages'), output: text('gen_ai.output.messages') };
}

function withoutContent(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key]) => !/messages$|instructions$|definitions$|arguments$|result$/.test(key)),
  );
}

function describe(data: JsonObject): { kind: SpanKind; name: string; attributes: Attributes } {
  const name = textOf(data.name);
  switch (data.type) {
    case 'agent':
      return {
        kind: 'agent',
        name: `invoke_agent ${name}`,
        attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': name },
      };
    case 'function':
      return {
        kind: 'tool',
        name: `execute_tool ${name}`,
        attributes: {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': name,
          'gen_ai.tool.type': 'function',
          'gen_ai.tool.call.arguments': textOf(data.input),
          'gen_ai.tool.call.result': textOf(data.output),
        },
      };
    case 'generation':
      return model(generation(data), textOf(data.model));
    case 'response':
      return model(response(data), '');
    default:
      return {
        kind: 'phase',
        name: name || textOf(data.type) || 'step',
        attributes: { 'apo.phase': textOf(data.type) },
      };
  }
}

function model(attributes: Attributes, given: string): { kind: SpanKind; name: string; attributes: Attributes } {
  const name = given || textOf(attributes['gen_ai.response.model'] ?? attributes['gen_ai.request.model']);
  return { kind: 'model', name: `chat ${name}`.trim(), attributes };
}

/** A call through a chat-completions model: `input` are messages, `output` a list of replies or of messages. */
function generation(data: JsonObject): Attributes {
  const { system, messages } = chatConversation(data.input);
  const usage = isJsonObject(data.usage) ? data.usage : {};
  const outputs = Array.isArray(data.output) ? data.output.filter(isJsonObject) : [];
  const outcomes = outputs.map((reply) => CHAT.outcome('choices' in reply ? reply : { choices: [{ message: reply }] }));
  return {
    ...requestAttributes(
      { ...(isJsonObject(data.model_config) ? data.model_config : {}), model: data.model ?? '' },
      'openai',
      system,
    ),
    'gen_ai.input.messages': JSON.stringify(messages),
    'gen_ai.output.messages': JSON.stringify(outcomes.flatMap((outcome) => outcome.messages)),
    'gen_ai.usage.input_tokens': usage.input_tokens,
    'gen_ai.usage.output_tokens': usage.output_tokens,
    ...defined(outcomes[0]?.attributes ?? {}),
  };
}

function defined(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** A call through the responses API. */
function response(data: JsonObject): Attributes {
  const reply = isJsonObject(data._response) ? data._response : {};
  const request = { ...reply, input: data._input ?? [] };
  const { system, messages } = RESPONSES.conversation(request);
  const outcome = RESPONSES.outcome(reply);
  return {
    ...requestAttributes(request, 'openai', system),
    ...outcome.attributes,
    'gen_ai.response.id': textOf(data.response_id) || outcome.attributes['gen_ai.response.id'],
    'gen_ai.input.messages': JSON.stringify(messages),
    'gen_ai.output.messages': JSON.stringify(outcome.messages),
  };
}
