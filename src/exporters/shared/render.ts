import type { Json, JsonObject } from '../../core/json.ts';
import type { AssistantMessage, Message, ToolCall, ToolDefinition } from '../../core/message.ts';
import type { ThinkingMode } from '../exporter.ts';
import { argumentsOf } from './tools.ts';

export type ChatOptions = {
  readonly thinking: ThinkingMode;
  /** `string` as on the OpenAI wire, `object` as chat templates want it. */
  readonly arguments: 'string' | 'object';
  /** Role of the system prompt. Default `system`. */
  readonly systemRole?: 'system' | 'developer';
  /** Whether tool messages carry the tool's name (TRL and chat templates read it). Default false. */
  readonly toolNames?: boolean;
};

/** Messages as chat JSON: the shape that the OpenAI family, TRL and verl share, except for the options. */
export function chatMessages(messages: readonly Message[], options: ChatOptions): readonly JsonObject[] {
  return messages.map((message) => chatMessage(message, options));
}

function chatMessage(message: Message, options: ChatOptions): JsonObject {
  if (message.role === 'system') return { role: options.systemRole ?? 'system', content: message.content };
  if (message.role === 'user') return { role: 'user', content: message.content };
  if (message.role === 'tool') {
    const result = { role: 'tool', tool_call_id: message.tool_call_id, content: message.content };
    return options.toolNames === true && message.name !== undefined ? { ...result, name: message.name } : result;
  }
  const calls = message.tool_calls ?? [];
  return {
    role: 'assistant',
    content: textWithThinking(message, options.thinking),
    ...(options.thinking === 'field' && hasThinking(message) ? { reasoning_content: message.reasoning_content } : {}),
    ...(calls.length > 0 ? { tool_calls: calls.map((call) => chatCall(call, options.arguments)) } : {}),
  };
}

function chatCall(call: ToolCall, form: 'string' | 'object'): JsonObject {
  const given = form === 'object' ? (argumentsOf(call) ?? {}) : call.function.arguments.trim() || '{}';
  return { id: call.id, type: 'function', function: { name: call.function.name, arguments: given } };
}

export function hasThinking(message: Message): message is AssistantMessage & { readonly reasoning_content: string } {
  return message.role === 'assistant' && (message.reasoning_content ?? '') !== '';
}

/** The text of a turn, with its thinking in front where it is to be tagged (the form that reasoning templates use). */
export function textWithThinking(message: AssistantMessage, thinking: ThinkingMode): string {
  return thinking === 'tag' && hasThinking(message)
    ? `${thinkTag(message.reasoning_content)}${message.content}`
    : message.content;
}

export function thinkTag(text: string): string {
  return `<think>\n${text}\n</think>\n\n`;
}

/** A call as the text that open models write: name and arguments as an object, never as a string in a string. */
export function plainCall(call: ToolCall): { readonly name: string; readonly arguments: Json } {
  return { name: call.function.name, arguments: argumentsOf(call) ?? {} };
}

/** JSON inside of tagged text: no value can open or close a tag such as `<think>` or `</tool_call>`. */
export function taggedJson(value: Json | readonly { readonly name: string; readonly arguments: Json }[]): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Tool definitions as plain JSON. */
export function toolsJson(tools: readonly ToolDefinition[]): readonly JsonObject[] {
  return tools.map((tool) => ({ type: 'function', function: functionJson(tool) }));
}

/** The inner part: `{name, description, parameters}`. */
export function functionJson(tool: ToolDefinition): JsonObject {
  const { name, description, parameters } = tool.function;
  return { name, description: description ?? '', parameters: parameters ?? { type: 'object', properties: {} } };
}

/** System prompt and the rest, for the formats that keep them apart. */
export function splitSystem(messages: readonly Message[]): {
  readonly system: string;
  readonly turns: readonly Message[];
} {
  const [first, ...rest] = messages;
  return first?.role === 'system' ? { system: first.content, turns: rest } : { system: '', turns: messages };
}

/** What the agent was asked: everything before its own work on the last user message. */
export function promptOf(sample: {
  readonly messages: readonly Message[];
  readonly answerAt: number;
}): readonly Message[] {
  return sample.messages.slice(0, sample.answerAt);
}

/** What the agent did about it. */
export function answerOf(sample: {
  readonly messages: readonly Message[];
  readonly answerAt: number;
}): readonly Message[] {
  return sample.messages.slice(sample.answerAt);
}
