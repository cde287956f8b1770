import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Message, ToolCall } from '../../core/message.ts';

/**
 * Reads chat messages of foreign shapes into ours: OpenAI, AGNO, Anthropic content blocks, ShareGPT, LangChain. It knows
 * shapes of one message and pairs of tool calls and results; it does not know sessions, files or databases.
 */
export type ReadMessages =
  | { readonly ok: true; readonly messages: readonly Message[]; readonly media: readonly string[] }
  | { readonly ok: false; readonly reason: string };

const ROLES: { readonly [role: string]: Message['role'] | 'call' } = {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  ai: 'assistant',
  gpt: 'assistant',
  chatgpt: 'assistant',
  bing: 'assistant',
  bard: 'assistant',
  model: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
  function_response: 'tool',
  ipython: 'tool',
  function_call: 'call',
  tool_call: 'call',
};

/** Reads one message; Anthropic's tool results inside a user message become messages of their own. */
export function readMessage(given: Json): ReadMessages {
  if (!isJsonObject(given)) return { ok: false, reason: 'a message is not an object' };
  return readRaw(isLangChain(given) ? fromLangChain(given) : given);
}

const LANGCHAIN_TYPES: readonly string[] = ['human', 'ai', 'system', 'tool', 'function'];

/** A message that says by `type` who speaks, or is LangChain's own serialisation of one. Parts of a content are neither. */
export function isLangChain({ role, from, type, content, data, lc, kwargs }: JsonObject): boolean {
  if (role !== undefined || from !== undefined) return false;
  if (lc !== undefined && type === 'constructor') return isJsonObject(kwargs);
  return LANGCHAIN_TYPES.includes(String(type)) && (content !== undefined || isJsonObject(data));
}

/** `{ type, data }` (`messages_to_dict`) and `{ lc, type: 'constructor', id: [.., 'HumanMessage'], kwargs }` as `{ type, content }`. */
function fromLangChain({ type, data, kwargs, id, ...own }: JsonObject): JsonObject {
  if (isJsonObject(data)) return { ...data, type: type ?? null };
  if (!isJsonObject(kwargs)) return { ...own, id: id ?? null, type: type ?? null };
  const name = Array.isArray(id) ? String(id.at(-1)) : '';
  return { ...kwargs, type: name.replace(/Message(?:Chunk)?$/, '').toLowerCase() };
}

function readRaw(raw: JsonObject): ReadMessages {
  const given = raw.role ?? raw.from ?? raw.type;
  if (typeof given !== 'string') return { ok: false, reason: 'a message has no role' };
  const name = given.trim().toLowerCase();
  const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
  if (role === undefined) return { ok: false, reason: `unknown role "${given.slice(0, 40)}"` };
  const body = raw.content ?? raw.value ?? raw.text;
  const { text, media, blocks } = readContent(body);
  const ownMedia = mediaOf(raw);
  return { ok: true, messages: toMessages(role, raw, text, blocks), media: [...media, ...ownMedia] };
}

function toMessages(role: Message['role'] | 'call', raw: JsonObject, text: string, blocks: Blocks): readonly Message[] {
  switch (role) {
    case 'call':
      return [{ role: 'assistant', content: '', tool_calls: readBareCall(text) }];
    case 'system':
      return [{ role, content: text }];
    case 'tool':
      return [
        toolMessage(
          textValue(raw.tool_call_id) ?? textValue(raw.id) ?? '',
          text,
          textValue(raw.tool_name) ?? textValue(raw.name),
          raw.tool_call_error === true || raw.is_error === true || raw.status === 'error',
        ),
      ];
    case 'user': {
      const results = blocks.results;
      return results.length > 0 && text === '' ? results : [...results, { role, content: text }];
    }
    case 'assistant': {
      const calls = [...readCalls(raw.tool_calls), ...readLegacyCall(raw.function_call)];
      const all = calls.length > 0 ? calls : blocks.calls;
      const thinking = textValue(raw.reasoning_content);
      return [
        {
          role,
          content: text,
          ...(all.length > 0 ? { tool_calls: all } : {}),
          ...(thinking === undefined ? {} : { reasoning_content: thinking }),
        },
      ];
    }
  }
}

/** The text of a message content in any shape, and the kinds of media in it (`image`, `audio`, `video`, `file`). */
export function readContent(content: Json | undefined): {
  readonly text: string;
  readonly media: readonly string[];
  readonly blocks: Blocks;
} {
  const calls: ToolCall[] = [];
  const results: Message[] = [];
  const media: string[] = [];
  const read = (part: Json | undefined): string => {
    if (part === undefined || part === null) return '';
    if (typeof part === 'string') return part;
    if (!isJsonObject(part)) return Array.isArray(part) ? part.map(read).filter(Boolean).join('\n') : String(part);
    const type = typeof part.type === 'string' ? part.type : undefined;
    if (type === 'tool_use') {
      calls.push(toolCall(part.id, part.name, part.input));
      return '';
    }
    if (type === 'tool_result') {
      const inner = readContent(part.content);
      results.push(toolMessage(textValue(part.tool_use_id) ?? '', inner.text, undefined, part.is_error === true));
      return '';
    }
    if (type !== undefined && /^(redacted_)?(thinking|reasoning)$/.test(type)) return '';
    const kind = /image|audio|video|file|document/.exec(type ?? '')?.[0];
    if (kind !== undefined) {
      media.push(kind === 'document' ? 'file' : kind);
      return '';
    }
    const text = part.text ?? part.value ?? (type === undefined ? undefined : part.content);
    return typeof text === 'string' ? text : text === undefined ? JSON.stringify(part) : read(text);
  };
  return { text: read(content), media, blocks: { calls, results } };
}

type Blocks = { readonly calls: readonly ToolCall[]; readonly results: readonly Message[] };

/** Kinds of media that stand beside the content: AGNO's `images`, `videos`, `audio`, `files`. */
export function mediaOf(raw: JsonObject): readonly string[] {
  return MEDIA_KEYS.filter(([key]) => {
    const value = raw[key];
    return Array.isArray(value) ? value.length > 0 : isJsonObject(value);
  }).map(([, kind]) => kind);
}

const MEDIA_KEYS = [
  ['images', 'image'],
  ['videos', 'video'],
  ['audio', 'audio'],
  ['audios', 'audio'],
  ['files', 'file'],
] as const;

function readCalls(value: Json | undefined): ToolCall[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter(isJsonObject).map((call) => {
    const inner = isJsonObject(call.function) ? call.function : call;
    return toolCall(call.id ?? call.tool_call_id, inner.name, inner.arguments ?? inner.args ?? inner.input);
  });
}

function readLegacyCall(value: Json | undefined): ToolCall[] {
  return isJsonObject(value) ? [toolCall(undefined, value.name, value.arguments)] : [];
}

/** ShareGPT: the call is the message's text, as JSON. Text that is not such JSON stays visible as arguments. */
function readBareCall(text: string): ToolCall[] {
  try {
    const value: Json = JSON.parse(text);
    const calls = (Array.isArray(value) ? value : [value]).filter(isJsonObject);
    if (calls.length > 0) return calls.map((call) => toolCall(call.id, call.name, call.arguments ?? call.parameters));
  } catch {
    // Not JSON: kept raw below.
  }
  return [toolCall(undefined, undefined, text)];
}

/** Some providers store arguments as an object; the wire format wants text. */
function toolCall(id: Json | undefined, name: Json | undefined, args: Json | undefined): ToolCall {
  return {
    id: textValue(id) ?? '',
    type: 'function',
    function: {
      name: textValue(name) ?? 'unknown',
      arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
    },
  };
}

function toolMessage(id: string, content: string, name: string | undefined, isError: boolean): Message {
  return {
    role: 'tool',
    tool_call_id: id,
    content,
    ...(name === undefined ? {} : { name }),
    ...(isError ? { is_error: true } : {}),
  };
}

/** Text, or a number as text; undefined for anything else and for ''. */
export function textValue(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export type PairProblem = 'result without call' | 'call without result' | 'duplicate call id';

/**
 * Gives every call an id and pairs results with calls, by id or else by order; providers refuse anything unpaired.
 * Results without a call and calls without a result are left out and named in `problems`.
 */
export function pairToolCalls(messages: readonly Message[]): {
  readonly messages: readonly Message[];
  readonly problems: readonly PairProblem[];
} {
  const problems: PairProblem[] = [];
  const paired: Message[] = [];
  let made = 0;
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at] as Message;
    if (message.role === 'tool') {
      problems.push('result without call');
      continue;
    }
    if (message.role !== 'assistant' || message.tool_calls === undefined) {
      paired.push(message);
      continue;
    }
    const results: Extract<Message, { role: 'tool' }>[] = [];
    for (let next = messages[at + 1]; next?.role === 'tool'; next = messages[at + 1]) {
      results.push(next);
      at++;
    }
    const ids = message.tool_calls.map(({ id }) => id).filter(Boolean);
    if (new Set(ids).size < ids.length) problems.push('duplicate call id');
    const kept: { call: ToolCall; result: Message }[] = [];
    for (const call of message.tool_calls) {
      const byId = results.findIndex((result) => call.id !== '' && result.tool_call_id === call.id);
      const index = byId >= 0 ? byId : results.findIndex((result) => result.tool_call_id === '' || call.id === '');
      const [result] = index >= 0 ? results.splice(index, 1) : [];
      if (result === undefined) {
        problems.push('call without result');
        continue;
      }
      const id = call.id !== '' ? call.id : result.tool_call_id !== '' ? result.tool_call_id : `call_${++made}`;
      kept.push({ call: { ...call, id }, result: { ...result, tool_call_id: id } });
    }
    problems.push(...results.map(() => 'result without call' as const));
    const { tool_calls: _, ...plain } = message;
    if (kept.length > 0) {
      paired.push({ ...message, tool_calls: kept.map(({ call }) => call) }, ...kept.map(({ result }) => result));
    } else if (message.content !== '') {
      paired.push(plain);
    }
  }
  return { messages: paired, problems };
}
