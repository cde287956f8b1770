import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Message, ToolCall, ToolDefinition } from '../../core/message.ts';
import { addUsage, NO_USAGE, type Usage } from '../../core/usage.ts';
import type { ChatRequest } from '../model.ts';
import { ANY_OBJECT } from './respond.ts';

/** The chat-completions wire format, as far as clients of a simulated model use it. */

export type WireRequest =
  | {
      readonly ok: true;
      readonly request: ChatRequest;
      readonly stream: boolean;
      readonly includeUsage: boolean;
      /** `n`: wanted choices. */
      readonly count: number;
    }
  | { readonly ok: false; readonly reason: string };

const MAX_CHOICES = 16;

export function readRequest(body: Json | undefined): WireRequest {
  if (body === undefined || !isJsonObject(body)) return { ok: false, reason: 'body must be a JSON object' };
  if (typeof body.model !== 'string' || body.model === '') return { ok: false, reason: "missing parameter 'model'" };
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    return { ok: false, reason: "'messages' must be a list with at least one message" };
  }
  const messages = (body.messages as readonly Json[]).map(readMessage);
  if (messages.includes(undefined)) return { ok: false, reason: "'messages' holds something that is not a message" };
  const format = isJsonObject(body.response_format ?? null) ? (body.response_format as JsonObject) : {};
  const schema = readSchema(format);
  const tools = readTools(body);
  const streamOptions = isJsonObject(body.stream_options ?? null) ? (body.stream_options as JsonObject) : {};
  const request: ChatRequest = {
    model: body.model,
    messages: messages as Message[],
    ...(tools.length > 0 ? { tools } : {}),
    ...(schema === undefined ? {} : { responseSchema: schema }),
    ...(typeof body.seed === 'number' ? { seed: body.seed } : {}),
  };
  const count = typeof body.n === 'number' && body.n >= 1 ? Math.min(MAX_CHOICES, Math.floor(body.n)) : 1;
  return { ok: true, request, stream: body.stream === true, includeUsage: streamOptions.include_usage === true, count };
}

function readSchema(format: JsonObject): { readonly name: string; readonly schema: JsonObject } | undefined {
  if (format.type === 'json_object') return { name: ANY_OBJECT, schema: {} };
  if (format.type !== 'json_schema' || !isJsonObject(format.json_schema ?? null)) return undefined;
  const { name, schema } = format.json_schema as JsonObject;
  return isJsonObject(schema ?? null) ? { name: String(name ?? 'reply'), schema: schema as JsonObject } : undefined;
}

/** The tools that may be called: those of the list that are functions, or the one that `tool_choice` names. */
function readTools({ tools, tool_choice: choice }: JsonObject): readonly ToolDefinition[] {
  if (!Array.isArray(tools) || choice === 'none') return [];
  const functions = (tools as readonly Json[]).filter(isTool);
  const named = isJsonObject(choice ?? null)
    ? ((choice as JsonObject).function as JsonObject | undefined)?.name
    : undefined;
  return named === undefined ? functions : functions.filter((tool) => tool.function.name === named);
}

function isTool(value: Json): value is ToolDefinition & JsonObject {
  if (!isJsonObject(value) || !isJsonObject(value.function ?? null)) return false;
  return typeof (value.function as JsonObject).name === 'string';
}

function readMessage(value: Json): Message | undefined {
  if (!isJsonObject(value)) return undefined;
  const content = contentOf(value.content);
  if (value.role === 'system' || value.role === 'developer') return { role: 'system', content };
  if (value.role === 'user') return { role: 'user', content };
  if (value.role === 'tool' || value.role === 'function') {
    return { role: 'tool', content, tool_call_id: String(value.tool_call_id ?? '') };
  }
  if (value.role !== 'assistant') return undefined;
  const calls = Array.isArray(value.tool_calls)
    ? { tool_calls: value.tool_calls as unknown as readonly ToolCall[] }
    : {};
  return { role: 'assistant', content, ...calls };
}

/** Text, or the text parts of a list. */
function contentOf(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as readonly Json[])
    .flatMap((part) => (isJsonObject(part) && typeof part.text === 'string' ? part.text : []))
    .join('\n');
}

export type Choice = {
  readonly content: string;
  readonly refusal: string | null;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: string;
  readonly usage: Usage;
};

const FINGERPRINT = 'simulated';

export function completionBody(id: string, model: string, choices: readonly Choice[]): JsonObject {
  return {
    id,
    object: 'chat.completion',
    created: 0,
    model: `simulated:${model}`,
    system_fingerprint: FINGERPRINT,
    choices: choices.map(({ content, refusal, toolCalls, finishReason }, index) => ({
      index,
      message: {
        role: 'assistant',
        content: content === '' && (toolCalls.length > 0 || refusal !== null) ? null : content,
        refusal,
        ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
      },
      logprobs: null,
      finish_reason: finishReason,
    })),
    usage: wireUsage(choices),
  };
}

function wireUsage(choices: readonly Choice[]): JsonObject {
  const total = choices.map(({ usage }) => usage).reduce(addUsage, NO_USAGE);
  // The prompt is read once, however many choices are wanted.
  const input = choices[0]?.usage.input ?? 0;
  return { prompt_tokens: input, completion_tokens: total.output, total_tokens: input + total.output };
}

/** Server-sent events: role, text in pieces, tool calls with their arguments in pieces, finish, usage, `[DONE]`. */
export function streamChunks(id: string, model: string, choices: readonly Choice[], includeUsage: boolean): string[] {
  const event = (fields: JsonObject): string =>
    `data: ${JSON.stringify({
      id,
      object: 'chat.completion.chunk',
      created: 0,
      model: `simulated:${model}`,
      system_fingerprint: FINGERPRINT,
      ...fields,
      ...(includeUsage && !('usage' in fields) ? { usage: null } : {}),
    })}\n\n`;
  const events = choices.flatMap(({ content, refusal, toolCalls, finishReason }, index) => {
    const delta = (fields: JsonObject, end: string | null = null): string =>
      event({ choices: [{ index, delta: fields, logprobs: null, finish_reason: end }] });
    return [
      delta({ role: 'assistant', content: '', refusal: null }),
      ...pieces(content).map((piece) => delta({ content: piece })),
      ...(refusal === null ? [] : [delta({ refusal })]),
      ...toolCalls.flatMap(({ id: callId, type, function: { name, arguments: given } }, place) => [
        delta({ tool_calls: [{ index: place, id: callId, type, function: { name, arguments: '' } }] }),
        ...pieces(given).map((piece) => delta({ tool_calls: [{ index: place, function: { arguments: piece } }] })),
      ]),
      delta({}, finishReason),
    ];
  });
  const usage = includeUsage ? [event({ choices: [], usage: wireUsage(choices) })] : [];
  return [...events, ...usage, 'data: [DONE]\n\n'];
}

function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,24}/g) ?? [];
}
