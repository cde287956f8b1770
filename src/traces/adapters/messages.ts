import { hashOf, isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { createDelta } from '../delta.ts';
import { textOf } from '../facts.ts';
import { chatMessage } from '../openai/messages.ts';
import { argumentsToJson, type GenAiMessage, type GenAiPart } from '../shared/genai.ts';
import { type ActiveSpan, startSpan } from '../span.ts';
import { currentContext, guard, NO_CONTEXT, tracingState } from '../state.ts';

/** A LangChain message (live object, serialised, or a plain chat message) in GenAI form. */
export function langchainMessage(message: unknown): GenAiMessage {
  const given = isJsonObject(message) ? unwrap(message) : {};
  const type = typeOf(given);
  if (type === undefined) return chatMessage(given);
  const content = contentParts(given.content);
  if (type === 'tool') {
    const response = content.map((part) => (part.type === 'text' ? part.content : '')).join('');
    const failed = given.status === 'error' ? { is_error: true } : {};
    return {
      role: 'tool',
      parts: [{ type: 'tool_call_response', id: textOf(given.tool_call_id), response, ...failed }],
    };
  }
  const role = type === 'human' ? 'user' : type === 'ai' ? 'assistant' : type;
  const extra = isJsonObject(given.additional_kwargs) ? given.additional_kwargs : {};
  const thinking = textOf(extra.reasoning_content);
  const calls = Array.isArray(given.tool_calls) ? given.tool_calls.filter(isJsonObject) : [];
  return {
    role,
    parts: [
      ...(thinking === '' ? [] : [{ type: 'reasoning', content: thinking } as const]),
      ...content,
      ...calls.map(
        (call): GenAiPart => ({
          type: 'tool_call',
          id: textOf(call.id),
          name: textOf(call.name),
          arguments: typeof call.args === 'string' ? argumentsToJson(call.args) : (call.args ?? {}),
        }),
      ),
    ],
  };
}

/** `{ lc, type: 'constructor', id, kwargs }` is how LangChain serialises a message. */
function unwrap(message: JsonObject): JsonObject {
  if (!isJsonObject(message.kwargs) || message.lc === undefined) return message;
  const name = Array.isArray(message.id) ? textOf(message.id.at(-1)) : '';
  return { type: name.replace(/Message(Chunk)?$/, '').toLowerCase(), ...message.kwargs };
}

const TYPES = new Set(['human', 'ai', 'system', 'tool', 'developer', 'function', 'remove', 'generic']);

function typeOf(message: JsonObject): string | undefined {
  const live: unknown = (message as { getType?: unknown }).getType;
  const type = typeof live === 'function' ? live.call(message) : message.type;
  return typeof type === 'string' && TYPES.has(type) ? type : undefined;
}

function contentParts(content: Json | undefined): GenAiPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }];
  return (Array.isArray(content) ? content.filter(isJsonObject) : []).flatMap((part): GenAiPart[] => {
    const thinking = textOf(part.thinking ?? part.reasoning);
    if (thinking !== '') return [{ type: 'reasoning', content: thinking }];
    if (part.type === 'tool_use' || part.type === 'tool_call') return [];
    const text = typeof part.text === 'string' ? part.text : `[${textOf(part.type)}]`;
    return text === '' ? [] : [{ type: 'text', content: text }];
  });
}

type Thread = {
  readonly delta: ReturnType<typeof createDelta<JsonObject>>;
  root: ActiveSpan | undefined;
  asked: GenAiMessage[];
};

const MAX_THREADS = 1_000;

/**
 * Records conversations from their `messages` alone, for frameworks that show nothing else: a user message opens a
 * trace, an assistant message becomes a model span, a tool message a tool span, a reply without tool calls ends it.
 * Times are those of showing, so durations say little.
 */
export function createMessageRecorder(agentName: string) {
  const threads = new Map<string, Thread>();

  function threadOf(id: string): Thread {
    const known = threads.get(id);
    if (known !== undefined) return known;
    if (threads.size >= MAX_THREADS) {
      const oldest = threads.keys().next().value ?? '';
      threads.get(oldest)?.root?.end();
      threads.delete(oldest);
    }
    const fingerprint = (message: JsonObject): string => hashOf([message.role ?? null, message.parts ?? null]);
    const thread: Thread = { delta: createDelta<JsonObject>({ fingerprint }), root: undefined, asked: [] };
    threads.set(id, thread);
    return thread;
  }
  function open(thread: Thread, sessionId: string): ActiveSpan {
    const { parent, inherited } = currentContext();
    thread.root ??= startSpan(
      {
        name: `invoke_agent ${agentName}`,
        kind: 'agent',
        attributes: {
          ...inherited,
          'gen_ai.operation.name': 'invoke_agent',
          'gen_ai.agent.name': agentName,
          'gen_ai.conversation.id': sessionId === '' ? undefined : sessionId,
        },
      },
      { ...NO_CONTEXT, parent },
    );
    return thread.root;
  }
  function add(thread: Thread, sessionId: string, message: GenAiMessage): void {
    if (message.role === 'system') return;
    if (message.role === 'user') {
      thread.root?.end();
      thread.root = undefined;
      thread.asked = [message];
      open(thread, sessionId).input([message]);
      return;
    }
    const root = open(thread, sessionId);
    const isTool = message.role === 'tool';
    const part = message.parts.find(({ type }) => type === 'tool_call_response');
    const child = startSpan({
      parent: root,
      name: isTool ? 'execute_tool' : 'chat',
      kind: isTool ? 'tool' : 'model',
      attributes: {
        'gen_ai.operation.name': isTool ? 'execute_tool' : 'chat',
        'gen_ai.conversation.id': sessionId === '' ? undefined : sessionId,
      },
    });
    if (part?.type === 'tool_call_response') {
      child.set({ 'gen_ai.tool.call.id': part.id, 'gen_ai.tool.call.result': textOf(part.response) });
      if (part.is_error === true) child.error(textOf(part.response));
    } else {
      child.input(thread.asked);
      child.output([message]);
    }
    thread.asked.push(message);
    child.end();
    if (isTool || message.parts.some(({ type }) => type === 'tool_call')) return;
    root.output([message]);
    root.end();
    thread.root = undefined;
    thread.asked = [];
  }
  return {
    /** Shows the state of a conversation; only what is new in it is recorded. */
    show(sessionId: string, messages: readonly GenAiMessage[]): void {
      if (tracingState() === undefined) return;
      guard(() => {
        const thread = threadOf(sessionId);
        const { added } = thread.delta.push(messages as unknown as readonly JsonObject[]);
        for (const { index } of added) add(thread, sessionId, messages[index] as GenAiMessage);
      });
    },
  };
}
