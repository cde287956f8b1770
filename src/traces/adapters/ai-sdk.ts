import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import type { SpanKind } from '../../core/trace.ts';
import { jsonList, textOf } from '../facts.ts';
import { argumentsToJson, type GenAiMessage, type GenAiPart } from '../shared/genai.ts';
import { type ActiveSpan, type Attributes, startSpan } from '../span.ts';
import { guard, tracingState } from '../state.ts';

type StartOptions = { readonly attributes?: { readonly [key: string]: unknown } };

/** The methods of an OpenTelemetry span that the AI SDK calls. */
type TracerSpan = {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
  setAttribute(key: string, value: unknown): TracerSpan;
  setAttributes(attributes: { readonly [key: string]: unknown }): TracerSpan;
  addEvent(name: string, attributes?: { readonly [key: string]: unknown }): TracerSpan;
  addLink(): TracerSpan;
  addLinks(): TracerSpan;
  setStatus(status: { readonly code: number; readonly message?: string }): TracerSpan;
  updateName(): TracerSpan;
  recordException(exception: unknown): void;
  isRecording(): boolean;
  end(): void;
};

const ERROR = 2;

/** An OpenTelemetry context, as far as it is read here. */
type OtelContext = { getValue?(key: symbol): unknown };

/** Under which `@opentelemetry/api` keeps a context's span. */
const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');

/** Spans of this tracer: those of another one are in another trace. */
const ownSpans = new WeakSet<object>();

/**
 * The Vercel AI SDK's telemetry: an object with the shape of an OpenTelemetry tracer, without OpenTelemetry. Use it as
 * `experimental_telemetry: { isEnabled: true, tracer: createAiSdkTracer() }` (AI SDK 4 to 6; tested with 6), or as
 * `registerTelemetry(new OpenTelemetry({ tracer: createAiSdkTracer() }))` of `@ai-sdk/otel` (AI SDK 7; tried with 7.0.173).
 * Spans that already carry `gen_ai.*` attributes keep them.
 */
export function createAiSdkTracer() {
  return {
    startSpan: (name: string, options: StartOptions = {}, context?: unknown): TracerSpan =>
      create(name, options, context).span,
    /** `(name, fn)`, `(name, options, fn)`, `(name, options, context, fn)`; the current position is this library's. */
    startActiveSpan<F extends (span: TracerSpan) => unknown>(name: string, ...rest: readonly unknown[]): ReturnType<F> {
      const fn = rest.at(-1) as (span: TracerSpan) => ReturnType<F>;
      const options = rest.length > 1 ? (rest[0] as StartOptions) : {};
      const { span, active } = create(name, options, rest.length > 2 ? rest[1] : undefined);
      return active.run(() => fn(span));
    },
  };
}

function create(
  name: string,
  { attributes: given }: StartOptions,
  context: unknown,
): { span: TracerSpan; active: ActiveSpan } {
  const attributes: Record<string, unknown> = { ...given };
  const { kind, label } = identify(name, attributes);
  const parent = parentIn(context);
  const active = startSpan({ name: label, kind, ...(parent === undefined ? {} : { parent: parent.spanContext() }) });
  const span: TracerSpan = {
    spanContext: () => ({ traceId: active.traceId, spanId: active.spanId, traceFlags: 1 }),
    setAttribute(key, value) {
      attributes[key] = value;
      return span;
    },
    setAttributes(more) {
      Object.assign(attributes, more);
      return span;
    },
    addEvent(event, more) {
      guard(() => active.event(event, more as Attributes | undefined));
      return span;
    },
    addLink: () => span,
    addLinks: () => span,
    setStatus({ code, message }) {
      if (code === ERROR) active.error(message ?? 'error');
      return span;
    },
    updateName: () => span,
    recordException(exception) {
      active.error(exception);
    },
    isRecording: () => tracingState() !== undefined,
    end() {
      guard(() => active.set(translate(kind, attributes)));
      active.end();
    },
  };
  ownSpans.add(span);
  return { span, active };
}

/** The AI SDK from 7 on says in a context whose child a span is, instead of running in its parent. */
function parentIn(context: unknown): TracerSpan | undefined {
  const found = guard(() => (context as OtelContext | undefined)?.getValue?.(SPAN_KEY));
  return typeof found === 'object' && found !== null && ownSpans.has(found) ? (found as TracerSpan) : undefined;
}

function identify(name: string, attributes: { readonly [key: string]: unknown }): { kind: SpanKind; label: string } {
  const operation = String(attributes['gen_ai.operation.name'] ?? '');
  const id = String(attributes['ai.operationId'] ?? name);
  const model = String(attributes['gen_ai.request.model'] ?? attributes['ai.model.id'] ?? '').trim();
  if (operation === 'execute_tool' || id === 'ai.toolCall') {
    const tool = String(attributes['gen_ai.tool.name'] ?? attributes['ai.toolCall.name'] ?? '');
    return { kind: 'tool', label: `execute_tool ${tool}`.trim() };
  }
  if (operation === 'invoke_agent') return { kind: 'agent', label: name };
  if (id.includes('.doEmbed') || operation === 'embeddings')
    return { kind: 'embedding', label: `embeddings ${model}`.trim() };
  if (/\.do[A-Z]/.test(id) || operation === 'chat') return { kind: 'model', label: `chat ${model}`.trim() };
  if (/^ai\.(generate|stream)(Text|Object)$/.test(id)) {
    const agent = String(attributes['ai.telemetry.functionId'] ?? model);
    return { kind: 'agent', label: `invoke_agent ${agent}`.trim() };
  }
  return { kind: 'chain', label: name };
}

/** Attributes that have been translated, or that repeat what another span says. */
const TRANSLATED =
  /^(ai\.prompt|ai\.response\.(text|toolCalls|object|reasoning|files|id|model|finishReason)|ai\.toolCall\.|ai\.usage\.|operation\.name|ai\.telemetry\.metadata\.(userId|sessionId)$|ai\.request\.headers)/;

function translate(kind: SpanKind, given: { readonly [key: string]: unknown }): Attributes {
  const from = given as { readonly [key: string]: Json | undefined };
  const own = Object.entries(from).filter(([key]) => !TRANSLATED.test(key));
  const found: Attributes = {
    'gen_ai.conversation.id': from['ai.telemetry.metadata.sessionId'],
    'user.id': from['ai.telemetry.metadata.userId'],
    ...(kind === 'tool' ? toolAttributes(from) : {}),
    ...(kind === 'agent' || kind === 'model' ? conversation(kind, from) : {}),
  };
  // What is there under its standard name stays; undefined leaves an attribute alone.
  const result = from['gen_ai.tool.call.result'];
  return {
    ...found,
    ...Object.fromEntries(own),
    ...(result === undefined ? {} : { 'gen_ai.tool.call.result': resultOf(result) }),
  };
}

function toolAttributes(from: { readonly [key: string]: Json | undefined }): Attributes {
  const keepsContent = tracingState()?.content !== 'none';
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': from['ai.toolCall.name'],
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': from['ai.toolCall.id'],
    'gen_ai.tool.call.arguments': keepsContent ? from['ai.toolCall.args'] : undefined,
    'gen_ai.tool.call.result': keepsContent ? resultOf(from['ai.toolCall.result']) : undefined,
  };
}

/** Results come as JSON text: a plain string is shown as itself. */
function resultOf(value: Json | undefined): Json | undefined {
  const parsed = typeof value === 'string' ? parseJson(value) : undefined;
  return parsed?.ok === true && typeof parsed.value === 'string' ? parsed.value : value;
}

function conversation(kind: SpanKind, from: { readonly [key: string]: Json | undefined }): Attributes {
  const keepsContent = tracingState()?.content !== 'none';
  const model = kind === 'model';
  const prompt = model ? from['ai.prompt.messages'] : from['ai.prompt'];
  const { system, messages } = promptOf(prompt);
  const tools = Array.isArray(from['ai.prompt.tools']) ? from['ai.prompt.tools'].map(toolOf) : [];
  const finish = from['ai.response.finishReason'];
  const output = outputOf(from);
  const count = (...keys: readonly string[]): Json | undefined =>
    keys.map((key) => from[`ai.usage.${key}`]).find((value) => typeof value === 'number');
  return {
    'gen_ai.operation.name': model ? 'chat' : 'invoke_agent',
    'gen_ai.agent.name': model ? undefined : from['ai.telemetry.functionId'],
    'gen_ai.provider.name': from['ai.model.provider'],
    'gen_ai.request.model': from['ai.model.id'],
    'gen_ai.response.model': from['ai.response.model'],
    'gen_ai.response.id': from['ai.response.id'],
    'gen_ai.response.finish_reasons': typeof finish === 'string' ? [finish] : undefined,
    'gen_ai.usage.input_tokens': count('inputTokens', 'promptTokens'),
    'gen_ai.usage.output_tokens': count('outputTokens', 'completionTokens'),
    'gen_ai.usage.cache_read.input_tokens': count('cachedInputTokens', 'inputTokenDetails.cacheReadTokens'),
    'gen_ai.usage.reasoning.output_tokens': count('reasoningTokens', 'outputTokenDetails.reasoningTokens'),
    ...(keepsContent
      ? {
          'gen_ai.system_instructions':
            system.length === 0 ? undefined : JSON.stringify(system.map((content) => ({ type: 'text', content }))),
          'gen_ai.tool.definitions': tools.length === 0 ? undefined : JSON.stringify(tools),
          'gen_ai.input.messages': messages.length === 0 ? undefined : JSON.stringify(messages),
          'gen_ai.output.messages':
            output.length === 0 ? undefined : JSON.stringify([{ role: 'assistant', parts: output }]),
        }
      : {}),
  };
}

function outputOf(from: { readonly [key: string]: Json | undefined }): readonly GenAiPart[] {
  const text = textOf(from['ai.response.text'] ?? from['ai.response.object']);
  const thinking = textOf(from['ai.response.reasoning']);
  return [
    ...(thinking === '' ? [] : [{ type: 'reasoning', content: thinking } as const]),
    ...(text === '' ? [] : [{ type: 'text', content: text } as const]),
    ...jsonList(from['ai.response.toolCalls']).map(toolCallPart),
  ];
}

function toolCallPart(call: JsonObject): GenAiPart {
  const given = call.input ?? call.args ?? {};
  return {
    type: 'tool_call',
    id: textOf(call.toolCallId),
    name: textOf(call.toolName),
    arguments: typeof given === 'string' ? argumentsToJson(given) : given,
  };
}

/** A prompt is JSON text: a list of messages, or `{ system, prompt | messages }`. */
function promptOf(value: Json | undefined): { system: readonly string[]; messages: readonly GenAiMessage[] } {
  const parsed = typeof value === 'string' ? parseJson(value) : undefined;
  const root = parsed?.ok === true ? parsed.value : null;
  const list = isJsonObject(root) ? (root.messages ?? root.prompt ?? []) : root;
  const items: readonly Json[] =
    typeof list === 'string' ? [{ role: 'user', content: list }] : Array.isArray(list) ? list : [];
  const messages = items.filter(isJsonObject).map(messageOf);
  const texts = messages.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts);
  const inline = isJsonObject(root) && typeof root.system === 'string' ? [root.system] : [];
  return {
    system: [...inline, ...texts.flatMap((part) => (part.type === 'text' ? [part.content] : []))],
    messages: messages.filter(({ role }) => role !== 'system'),
  };
}

function messageOf({ role, content }: JsonObject): GenAiMessage {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : Array.isArray(content) ? content : [];
  return { role: textOf(role), parts: parts.filter(isJsonObject).flatMap(partOf) };
}

function partOf(part: JsonObject): GenAiPart[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', content: textOf(part.text) }];
    case 'reasoning':
      return [{ type: 'reasoning', content: textOf(part.text) }];
    case 'tool-call':
      return [toolCallPart(part)];
    case 'tool-result': {
      const output = isJsonObject(part.output) ? part.output : { value: part.output ?? part.result ?? '' };
      const failed = textOf(output.type).startsWith('error') || part.isError === true ? { is_error: true } : {};
      return [{ type: 'tool_call_response', id: textOf(part.toolCallId), response: textOf(output.value), ...failed }];
    }
    default:
      return [{ type: 'text', content: `[${textOf(part.type)}]` }];
  }
}

/** Each tool is JSON text of `{ type, name, description, inputSchema | parameters }`. */
function toolOf(value: Json): JsonObject {
  const parsed = typeof value === 'string' ? parseJson(value) : { ok: true as const, value };
  const tool = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
  const parameters = tool.inputSchema ?? tool.parameters;
  return {
    type: 'function',
    name: textOf(tool.name),
    ...(typeof tool.description === 'string' ? { description: tool.description } : {}),
    ...(isJsonObject(parameters) ? { parameters } : {}),
  };
}
