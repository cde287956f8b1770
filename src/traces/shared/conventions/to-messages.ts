import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import type { Message, ToolCall } from '../../../core/message.ts';
import { asText, decoded, objectsOf } from './values.ts';

const ROLES: { readonly [name: string]: Message['role'] } = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  ai: 'assistant',
  model: 'assistant',
  chatbot: 'assistant',
  tool: 'tool',
  function: 'tool',
};

/**
 * Messages of any dialect (GenAI parts, OpenAI chat and responses, Anthropic blocks, AI SDK parts, Gemini contents,
 * LangChain) in ours. A bare text is one message of `role`. Media become a placeholder such as `[image]`.
 */
export function toMessages(value: Json | undefined, role: 'user' | 'assistant'): readonly Message[] {
  const given = decoded(value);
  if (given === undefined || given === null) return [];
  if (typeof given === 'string') return given === '' ? [] : [{ role, content: given }];
  // LangChain wraps one batch in one more list.
  if (Array.isArray(given)) return given.flatMap((item: Json) => toMessages(item, role));
  return isJsonObject(given) ? messagesOf(given, role) : [{ role, content: String(given) }];
}

function messagesOf(given: JsonObject, fallback: 'user' | 'assistant'): readonly Message[] {
  // Serialised LangChain messages: { lc, type: 'constructor', id: [.., 'HumanMessage'], kwargs }.
  if (isJsonObject(given.kwargs)) return messagesOf({ type: classRole(given.id), ...given.kwargs }, fallback);
  // The same from `messages_to_dict`: { type: 'human', data }.
  if (isJsonObject(given.data) && typeof given.type === 'string') {
    return messagesOf({ type: given.type, ...given.data }, fallback);
  }
  if (isJsonObject(given.message)) return messagesOf(given.message, fallback);
  // A Gemini candidate: { content: { role, parts } }.
  if (isJsonObject(given.content) && Array.isArray(given.content.parts)) return messagesOf(given.content, fallback);
  const parts = partsOf(given);
  const role = roleOf(given, fallback);
  const turn = emptyTurn();
  for (const part of parts) readPart(part, turn);
  for (const call of objectsOf(decoded(given.tool_calls ?? given.toolCalls))) addCall(call, turn);
  if (isJsonObject(given.function_call)) addCall(given.function_call, turn);
  turn.thinking.push(asText(given.reasoning_content ?? given.reasoning ?? given.thinking));
  const content = turn.texts.filter((text) => text !== '').join('\n');
  if (role === 'tool' && turn.results.length === 0) {
    return [toolMessage(given, content)];
  }
  const messages: Message[] = [...turn.results];
  const thinking = turn.thinking.filter((text) => text !== '').join('\n');
  const summary = turn.summaries.filter((text) => text !== '').join('\n');
  if (role === 'assistant' && (content !== '' || thinking !== '' || turn.calls.length > 0 || parts.length > 0)) {
    messages.push({
      role,
      content,
      ...(turn.calls.length > 0 ? { tool_calls: turn.calls } : {}),
      ...(thinking === '' ? {} : { reasoning_content: thinking }),
      ...(summary === '' ? {} : { reasoning_summary: summary }),
    });
  } else if (role !== 'tool' && role !== 'assistant' && content !== '') messages.push({ role, content });
  return messages;
}

type Turn = {
  readonly texts: string[];
  readonly thinking: string[];
  readonly summaries: string[];
  readonly calls: ToolCall[];
  readonly results: Message[];
};

function emptyTurn(): Turn {
  return { texts: [], thinking: [], summaries: [], calls: [], results: [] };
}

function roleOf(given: JsonObject, fallback: 'user' | 'assistant'): Message['role'] {
  const name = asText(given.role ?? given.type)
    .toLowerCase()
    .replace(/message(chunk)?$/, '');
  return (Object.hasOwn(ROLES, name) ? ROLES[name] : undefined) ?? fallback;
}

function classRole(id: Json | undefined): string {
  const name = Array.isArray(id) ? id.at(-1) : id;
  return typeof name === 'string' ? name : '';
}

/** A message's content as a list of parts; a part of its own (responses items) is its only part. */
function partsOf(given: JsonObject): readonly Json[] {
  if (PART_TYPES.test(asText(given.type)) && given.role === undefined) return [given];
  const content = given.parts ?? given.content ?? given.contents ?? given.text ?? given.output;
  if (Array.isArray(content)) return content;
  return content === undefined || content === null ? [] : [content];
}

const PART_TYPES = /^(text|output_text|reasoning|function_call|function_call_output|tool_call|tool_use|tool_result)$/;

function readPart(part: Json, turn: Turn): void {
  if (!isJsonObject(part)) {
    turn.texts.push(asText(part));
    return;
  }
  const type = asText(part.type).replaceAll('-', '_');
  const call = part.functionCall ?? part.function_call;
  const result = part.functionResponse ?? part.function_response;
  if (/^(reasoning|thinking)$/.test(type)) {
    const text = part.content ?? part.text ?? part.thinking ?? part.reasoning;
    // OpenLLMetry writes the list of summaries into the content.
    const listed = summariesIn(text);
    if (listed.length > 0) turn.summaries.push(...listed);
    else (part.summary === true ? turn.summaries : turn.thinking).push(asText(text));
    // A reasoning item of OpenAI's Responses API as it came.
    for (const item of objectsOf(part.summary)) turn.summaries.push(asText(item.text));
  } else if (isJsonObject(call)) addCall(call, turn);
  else if (isJsonObject(result)) addResult(result, turn);
  else if (/^((server_)?tool_call|tool_use|function_call)$/.test(type)) addCall(part, turn);
  else if (/^((server_)?tool_call_response|tool_result|function_call_output)$/.test(type)) addResult(part, turn);
  else if (type === '' || /text$/.test(type) || type === 'refusal') {
    turn.texts.push(asText(part.content ?? part.text ?? part.refusal ?? part.value));
  } else if (typeof part.text === 'string') turn.texts.push(part.text);
  else turn.texts.push(`[${asText(part.modality) || type}]`);
}

function summariesIn(value: Json | undefined): readonly string[] {
  const items = objectsOf(decoded(value));
  return items.flatMap((item) => (item.type === 'summary_text' ? [asText(item.text)] : []));
}

function addCall(call: JsonObject, turn: Turn): void {
  const inner = isJsonObject(call.function) ? call.function : call;
  const given =
    inner.arguments ?? inner.args ?? inner.input ?? inner.server_tool_call ?? inner.parameters ?? inner.tool_input;
  turn.calls.push({
    id: asText(call.call_id ?? call.id ?? call.toolCallId),
    type: 'function',
    function: {
      name: asText(inner.name ?? inner.toolName ?? inner.tool_name),
      arguments: given === undefined || given === null ? '{}' : asText(given),
    },
  });
}

function addResult(result: JsonObject, turn: Turn): void {
  const given =
    result.response ??
    result.result ??
    result.output ??
    result.content ??
    result.server_tool_call_response ??
    result.error;
  turn.results.push(toolMessage(result, resultText(given)));
}

function toolMessage(given: JsonObject, content: string): Message {
  const name = asText(given.name ?? given.toolName ?? given.tool_name);
  const isError = given.is_error ?? given.isError ?? (given.status === 'error' ? true : undefined);
  return {
    role: 'tool',
    tool_call_id: asText(given.tool_call_id ?? given.toolCallId ?? given.tool_use_id ?? given.call_id ?? given.id),
    content,
    ...(name === '' ? {} : { name }),
    ...(isError === true ? { is_error: true } : {}),
  };
}

/** Tool output as the model saw it: lists of text blocks joined, the AI SDK's `{ type, value }` unwrapped. */
export function resultText(value: Json | undefined): string {
  if (isJsonObject(value) && 'value' in value && /^(text|json|content|error-)/.test(asText(value.type))) {
    return resultText(value.value);
  }
  if (Array.isArray(value) && value.length > 0) {
    const blocks = objectsOf(value);
    if (blocks.length === value.length && blocks.every((block) => typeof block.text === 'string')) {
      return blocks.map((block) => block.text).join('\n');
    }
  }
  return asText(value);
}

/** A tool's output where it is a serialised LangChain tool message, which says which call it answers. */
export function langChainResult(value: Json | undefined): Extract<Message, { role: 'tool' }> | undefined {
  const given = decoded(value);
  if (!isJsonObject(given)) return undefined;
  const fields = given.data ?? given.kwargs;
  if (!isJsonObject(fields) || typeof fields.tool_call_id !== 'string') return undefined;
  return messagesOf(given, 'assistant').find((message) => message.role === 'tool');
}

/** The messages in what a model call or agent received: a list, a text, or an object that holds one. */
export function inputMessages(value: Json | undefined): readonly Message[] {
  const given = decoded(value);
  if (!isJsonObject(given) || given.role !== undefined) return toMessages(given, 'user');
  const system = given.system ?? given.instructions ?? given.system_instruction;
  const list = given.messages ?? given.contents ?? given.input ?? given.prompt ?? given.query ?? given.question;
  if (list === undefined) return [{ role: 'user', content: JSON.stringify(given) }];
  const messages = toMessages(list, 'user');
  return typeof system === 'string' && !messages.some(({ role }) => role === 'system')
    ? [{ role: 'system', content: system }, ...messages]
    : messages;
}

/** The messages in what a model call or agent gave back: a list, a text, or a provider's response object. */
export function outputMessages(value: Json | undefined): readonly Message[] {
  const given = decoded(value);
  if (!isJsonObject(given) || given.role !== undefined) return toMessages(given, 'assistant');
  const inner =
    given.choices ?? given.candidates ?? given.generations ?? given.output ?? given.messages ?? given.message;
  if (inner !== undefined) return toMessages(inner, 'assistant');
  const hasContent = ['content', 'text', 'tool_calls', 'parts'].some((key) => given[key] !== undefined);
  return hasContent ? toMessages(given, 'assistant') : [{ role: 'assistant', content: JSON.stringify(given) }];
}

/** Items of one reply (thinking, text, parallel calls) that came apart belong to one assistant turn. */
export function mergeTurn(messages: readonly Message[]): readonly Message[] {
  const merged: Message[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (message.role !== 'assistant' || last?.role !== 'assistant' || (last.content !== '' && message.content !== '')) {
      merged.push(message);
      continue;
    }
    const calls = [...(last.tool_calls ?? []), ...(message.tool_calls ?? [])];
    const thinking = [last.reasoning_content, message.reasoning_content].filter(Boolean).join('\n');
    const summary = [last.reasoning_summary, message.reasoning_summary].filter(Boolean).join('\n');
    merged[merged.length - 1] = {
      role: 'assistant',
      content: last.content + message.content,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...(thinking === '' ? {} : { reasoning_content: thinking }),
      ...(summary === '' ? {} : { reasoning_summary: summary }),
    };
  }
  return merged;
}
