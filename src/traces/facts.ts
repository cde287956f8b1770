import { hashOf, isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';
import type { ToolDefinition } from '../core/message.ts';
import type { Span, TraceEvent } from '../core/trace.ts';
import { NO_USAGE, type Usage } from '../core/usage.ts';
import { createDelta } from './delta.ts';
import { argumentsToText } from './shared/genai.ts';
import { milliseconds } from './shared/time.ts';

type Place = { readonly at: number; readonly spanId: string };

/**
 * Reads the facts of a trace out of its spans, which are shown in the order of their ends: each message, tool call and
 * result once, although every model span repeats the conversation and tools appear both in spans and in messages.
 */
export function createFacts() {
  const delta = createDelta<JsonObject>({ fingerprint: fingerprintOf });
  const systems = new Set<string>();
  /** Call id -> name of the tool. */
  const called = new Map<string, string>();
  const answered = new Set<string>();
  let toolsHash = '';

  function factsOfMessages(messages: readonly JsonObject[], place: Place): TraceEvent[] {
    const { added, edited } = delta.push(messages);
    return [...edited, ...added]
      .sort((a, b) => a.index - b.index)
      .flatMap(({ message }) => partsOf(message).flatMap((part) => factOf(part, String(message.role), place)));
  }
  function factOf(part: JsonObject, role: string, place: Place): TraceEvent[] {
    const content = textOf(part.content);
    if (part.type === 'tool_call') {
      const id = textOf(part.id);
      if (id !== '' && called.has(id)) return [];
      called.set(id, textOf(part.name));
      return [{ ...place, type: 'tool_call', id, name: textOf(part.name), arguments: argumentsToText(part.arguments) }];
    }
    if (part.type === 'tool_call_response') {
      const id = textOf(part.id);
      if (id !== '' && answered.has(id)) return [];
      answered.add(id);
      const isError = part.is_error === true;
      const result = textOf(part.response ?? part.result);
      const name = textOf(part.name);
      return [{ ...place, type: 'tool_result', id, name, content: result, isError, replayed: part.replayed === true }];
    }
    if (content === '') return [];
    if (part.type === 'reasoning') {
      return [{ ...place, type: 'thinking', content, ...(part.summary === true ? { isSummary: true } : {}) }];
    }
    if (role === 'system' || role === 'developer') return [{ ...place, type: 'system', content }];
    return [{ ...place, type: role === 'assistant' ? 'reply' : 'user', content }];
  }

  function ofModel(span: Span): TraceEvent[] {
    const { attributes, spanId } = span;
    const before = { at: milliseconds(span.startNs), spanId };
    const after = { at: milliseconds(span.endNs), spanId };
    const instructions = jsonList(attributes['gen_ai.system_instructions'])
      .map((part) => textOf(part.content))
      .filter((content) => content !== '' && !systems.has(content));
    for (const content of instructions) systems.add(content);
    const definitions = jsonList(attributes['gen_ai.tool.definitions']);
    const hash = definitions.length === 0 ? toolsHash : hashOf(definitions);
    const tools = hash === toolsHash ? undefined : definitions.map(toolDefinitionOf);
    toolsHash = hash;
    return [
      ...instructions.map((content): TraceEvent => ({ ...before, type: 'system', content })),
      ...factsOfMessages(jsonList(attributes['gen_ai.input.messages']), before),
      {
        ...after,
        type: 'model_call',
        startedAt: before.at,
        provider: textOf(attributes['gen_ai.provider.name']),
        model: textOf(attributes['gen_ai.response.model'] ?? attributes['gen_ai.request.model']),
        finishReason: finishReasonOf(attributes),
        responseId: textOf(attributes['gen_ai.response.id']),
        usage: usageOf(attributes),
        ...(tools === undefined ? {} : { tools }),
      },
      ...factsOfMessages(jsonList(attributes['gen_ai.output.messages']), after),
      ...(span.status === 'error' ? [{ ...after, type: 'error', message: span.statusMessage } as const] : []),
    ];
  }
  /** Some frameworks do not say which call a tool answers: then it is the oldest open one of its name. */
  function unansweredCall(name: string): string | undefined {
    for (const [id, tool] of called) if (tool === name && !answered.has(id)) return id;
    return undefined;
  }
  function ofTool(span: Span): TraceEvent[] {
    const { attributes, spanId } = span;
    const name = textOf(attributes['gen_ai.tool.name']);
    const id = textOf(attributes['gen_ai.tool.call.id']) || unansweredCall(name) || spanId;
    const startedAt = milliseconds(span.startNs);
    const isError = span.status === 'error';
    const facts: TraceEvent[] = [];
    if (!called.has(id)) {
      const raw = argumentsToText(attributes['gen_ai.tool.call.arguments']);
      facts.push({ at: startedAt, spanId, type: 'tool_call', id, name, arguments: raw });
      called.set(id, name);
    }
    if (answered.has(id)) return facts;
    answered.add(id);
    const content = textOf(attributes['gen_ai.tool.call.result']) || (isError ? span.statusMessage : '');
    const replayed = attributes['apo.tool.replayed'] === true;
    const other = attributes['apo.tool.recorded_for'];
    const recorded = typeof other === 'string' ? { recordedFor: other } : {};
    const at = milliseconds(span.endNs);
    return [
      ...facts,
      { at, spanId, type: 'tool_result', id, name, content, isError, replayed, startedAt, ...recorded },
    ];
  }
  /** The root's own texts, for agents that record nothing else. */
  function ofAgent(span: Span): TraceEvent[] {
    if (span.parentSpanId !== null) return [];
    const { attributes, spanId } = span;
    const place = (ns: string): Place => ({ at: milliseconds(ns), spanId });
    return [
      ...factsOfMessages(jsonList(attributes['gen_ai.input.messages']), place(span.startNs)),
      ...factsOfMessages(jsonList(attributes['gen_ai.output.messages']), place(span.endNs)),
      ...(span.status === 'error'
        ? [{ ...place(span.endNs), type: 'error', message: span.statusMessage } as const]
        : []),
    ];
  }
  return {
    /** What the root was asked, for traces whose model spans do not show it. */
    opening(root: Span): readonly TraceEvent[] {
      const place = { at: milliseconds(root.startNs), spanId: root.spanId };
      return factsOfMessages(jsonList(root.attributes['gen_ai.input.messages']), place);
    },
    of(span: Span): readonly TraceEvent[] {
      if (span.kind === 'model') return ofModel(span);
      if (span.kind === 'tool') return ofTool(span);
      return span.kind === 'agent' ? ofAgent(span) : [];
    },
  };
}

/** What makes two showings the same message: thinking and finish reasons are not sent back, so they do not count. */
function fingerprintOf(message: JsonObject): string {
  const telling = partsOf(message)
    .filter((part) => part.type !== 'reasoning' && !(part.type === 'text' && part.content === ''))
    .map((part) =>
      part.type === 'tool_call' ? [part.id, part.name] : [part.type, part.id, part.content, part.response],
    );
  return hashOf([message.role, telling]);
}

export function partsOf(message: JsonObject): readonly JsonObject[] {
  return Array.isArray(message.parts) ? message.parts.filter(isJsonObject) : [];
}

/** A list of objects from JSON text or from a list; anything else is empty. */
export function jsonList(value: Json | undefined): readonly JsonObject[] {
  if (typeof value === 'string') {
    const parsed = parseJson(value);
    return parsed.ok ? jsonList(typeof parsed.value === 'string' ? undefined : parsed.value) : [];
  }
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function toolDefinitionOf({ type: _type, ...definition }: JsonObject): ToolDefinition {
  const { description, parameters } = definition;
  return {
    type: 'function',
    function: {
      name: textOf(definition.name),
      ...(typeof description === 'string' ? { description } : {}),
      ...(isJsonObject(parameters) ? { parameters } : {}),
    },
  };
}

function finishReasonOf(attributes: JsonObject): string {
  const reasons = attributes['gen_ai.response.finish_reasons'];
  return Array.isArray(reasons) ? textOf(reasons[0]) : textOf(reasons);
}

export function usageOf(attributes: JsonObject): Usage {
  const count = (key: string): number => {
    const value = attributes[`gen_ai.usage.${key}`];
    return typeof value === 'number' && value > 0 ? value : 0;
  };
  return {
    ...NO_USAGE,
    input: count('input_tokens'),
    output: count('output_tokens'),
    cached: count('cache_read.input_tokens'),
    reasoning: count('reasoning.output_tokens'),
    estimated: attributes['apo.usage.estimated'] === true,
  };
}
