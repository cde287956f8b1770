import { type Json, type JsonObject, parseJson } from '../../core/json.ts';
import type { ToolDefinition } from '../../core/message.ts';
import type { TraceEvent } from '../../core/trace.ts';
import type { Usage } from '../../core/usage.ts';

/** Messages as OpenTelemetry's GenAI conventions write them (`gen_ai.input.messages`, `gen_ai.output.messages`). */
export type GenAiMessage = {
  readonly role: string;
  readonly parts: readonly GenAiPart[];
  readonly finish_reason?: string;
};
export type GenAiPart =
  | { readonly type: 'text'; readonly content: string }
  /** `summary` is ours: the text is a provider's summary of thinking that it does not show. */
  | { readonly type: 'reasoning'; readonly content: string; readonly summary?: true }
  | { readonly type: 'tool_call'; readonly id: string; readonly name: string; readonly arguments: Json }
  | {
      readonly type: 'tool_call_response';
      readonly id: string;
      readonly response: Json;
      /** Extra keys are allowed by the conventions; these two are ours and make the trace lossless. */
      readonly is_error?: boolean;
      readonly replayed?: boolean;
    };

/** An object only where turning it back into text gives exactly what the model wrote; otherwise the raw text. */
export function argumentsToJson(raw: string): Json {
  const parsed = parseJson(raw);
  const isContainer = parsed.ok && typeof parsed.value === 'object' && parsed.value !== null;
  return isContainer && JSON.stringify(parsed.value) === raw ? parsed.value : raw;
}

export function argumentsToText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? {});
}

/** The conversation that a list of events amounts to. System texts are left out, see {@link systemInstructions}. */
export function messagesOf(events: readonly TraceEvent[]): readonly GenAiMessage[] {
  const messages: { role: string; parts: GenAiPart[]; spanId: string }[] = [];
  for (const event of events) {
    const turn = turnOf(event);
    if (turn === undefined) continue;
    const last = messages.at(-1);
    const joins = last !== undefined && last.role === turn.role && turn.role !== 'user' && last.spanId === event.spanId;
    const complete = last?.parts.at(-1)?.type === 'text' && turn.part.type !== 'tool_call';
    if (joins && !complete) last.parts.push(turn.part);
    else messages.push({ role: turn.role, parts: [turn.part], spanId: event.spanId });
  }
  return messages.map(({ role, parts }) => ({ role, parts }));
}

function turnOf(event: TraceEvent): { readonly role: string; readonly part: GenAiPart } | undefined {
  switch (event.type) {
    case 'user':
      return { role: 'user', part: { type: 'text', content: event.content } };
    case 'thinking':
      return {
        role: 'assistant',
        part: { type: 'reasoning', content: event.content, ...(event.isSummary ? { summary: true } : {}) },
      };
    case 'reply':
      return { role: 'assistant', part: { type: 'text', content: event.content } };
    case 'tool_call': {
      const { id, name } = event;
      return { role: 'assistant', part: { type: 'tool_call', id, name, arguments: argumentsToJson(event.arguments) } };
    }
    case 'tool_result':
      return {
        role: 'tool',
        part: {
          type: 'tool_call_response',
          id: event.id,
          response: event.content,
          ...(event.isError ? { is_error: true } : {}),
          ...(event.replayed ? { replayed: true } : {}),
        },
      };
    default:
      return undefined;
  }
}

export function systemInstructions(texts: readonly string[]): string {
  return JSON.stringify(texts.map((content) => ({ type: 'text', content })));
}

/** `gen_ai.tool.definitions` from the chat-completions shape. */
export function toolDefinitions(tools: readonly ToolDefinition[]): string {
  return JSON.stringify(tools.map(({ function: definition }) => ({ type: 'function', ...definition })));
}

export function usageAttributes(usage: Usage): JsonObject {
  return {
    'gen_ai.usage.input_tokens': usage.input,
    'gen_ai.usage.output_tokens': usage.output,
    ...(usage.cached > 0 ? { 'gen_ai.usage.cache_read.input_tokens': usage.cached } : {}),
    ...(usage.reasoning > 0 ? { 'gen_ai.usage.reasoning.output_tokens': usage.reasoning } : {}),
    ...(usage.estimated ? { 'apo.usage.estimated': true } : {}),
  };
}
