import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import { callsWithResults } from '../core/task.ts';
import { isLangChain, readMessage } from '../history/shared/messages.ts';
import { readConversation } from './context.ts';
import { CHAT } from './fields.ts';

const INPUT_KEYS = ['input', 'prompt'];

export type ReadChat =
  | {
      readonly ok: true;
      readonly input: string;
      readonly context: readonly Message[];
      /** The reply after the last user message, if there is one. */
      readonly expected: string | undefined;
      readonly systemPrompt: string;
      readonly metadata: JsonObject;
      readonly used: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

export function isChat(record: JsonObject): boolean {
  return chatKey(record) !== undefined;
}

function chatKey(record: JsonObject): string | undefined {
  const named = CHAT.find((key) => Array.isArray(record[key]));
  return named ?? INPUT_KEYS.find((key) => isMessageList(record[key]));
}

/** Whether a value is a list of messages, so that an `input` may be one. */
export function isMessageList(value: Json | undefined): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) => isJsonObject(item) && (item.role !== undefined || item.from !== undefined || isLangChain(item)),
    )
  );
}

/** The last user message is the input, what stands before it the context, the last reply after it the answer. */
export function readChat(record: JsonObject): ReadChat {
  const key = chatKey(record) as string;
  const items = record[key] as readonly Json[];
  if (items.length === 0) return { ok: false, reason: `${key} is empty` };
  const roles = items.map((item) => readMessage(item));
  const refused = roles.find((read) => !read.ok);
  if (refused?.ok === false) return refused;
  const at = roles.findLastIndex(
    (read) =>
      read.ok &&
      read.messages.some(({ role, content }) => role === 'user' && (content !== '' || read.media.length > 0)),
  );
  if (at < 0) return { ok: false, reason: `${key} has no user message` };
  const before = readConversation(items.slice(0, at));
  if (!before.ok) return before;
  const asked = readConversation([items[at] as Json]);
  const after = readAfter(items.slice(at + 1));
  if (!asked.ok) return asked;
  if (!after.ok) return after;
  const media = [...new Set([...before.media, ...asked.media])];
  const systemPrompt = [typeof record.system === 'string' ? record.system : '', before.systemPrompt].filter(Boolean);
  return {
    ok: true,
    input: asked.messages.find(({ role }) => role === 'user')?.content ?? '',
    context: before.messages,
    expected: after.expected,
    systemPrompt: systemPrompt.join('\n\n'),
    metadata: { ...after.metadata, ...(media.length > 0 ? { media } : {}) },
    used: typeof record.system === 'string' ? [key, 'system'] : [key],
  };
}

/** A target may end in tool calls that nobody has answered yet: they are what is expected, not a defect. */
function readAfter(
  items: readonly Json[],
):
  | { readonly ok: true; readonly expected: string | undefined; readonly metadata: JsonObject }
  | { readonly ok: false; readonly reason: string } {
  const messages = items.map(readMessage).flatMap((read) => (read.ok ? read.messages : []));
  const last = messages.at(-1);
  const open = last?.role === 'assistant' ? last.tool_calls : undefined;
  const closed = readConversation(open === undefined ? items : items.slice(0, -1));
  if (!closed.ok) return closed;
  const text = open === undefined ? undefined : last?.content;
  const reply =
    text || closed.messages.findLast(({ role, content }) => role === 'assistant' && content !== '')?.content;
  const calls = callsWithResults(closed.messages);
  return {
    ok: true,
    expected: reply,
    metadata: {
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...(open === undefined ? {} : { expected_tool_calls: open }),
    },
  };
}
