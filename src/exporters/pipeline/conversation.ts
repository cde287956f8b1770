import {
  type AssistantMessage,
  callsOf,
  type Message,
  type ToolCall,
  type ToolDefinition,
  type ToolMessage,
} from '../../core/message.ts';
import type { TraceEvent } from '../../core/trace.ts';

/** Rebuilds the conversation from what was recorded. Never invents a turn; judging the result is validate.ts's work. */
export function messagesOf(events: readonly TraceEvent[]): readonly Message[] {
  const messages: Message[] = [];
  let open: Turn | undefined;
  const close = (): void => {
    if (open !== undefined && !isEmpty(open)) messages.push(assistantOf(open));
    open = undefined;
  };
  for (const event of events) {
    switch (event.type) {
      case 'system':
        close();
        // The prompt is shown again with every model call: one is enough, unless it changed in between.
        if (!messages.some(({ role, content }) => role === 'system' && content === event.content)) {
          messages.push({ role: 'system', content: event.content });
        }
        break;
      case 'user':
        close();
        messages.push({ role: 'user', content: event.content });
        break;
      case 'tool_result':
        close();
        messages.push({
          role: 'tool',
          tool_call_id: event.id,
          content: event.content,
          name: event.name,
          ...(event.isError ? { is_error: true } : {}),
        });
        break;
      // A reply starts anew, whatever stands before it.
      case 'model_call':
        close();
        break;
      case 'thinking':
        // Somebody's words about the thinking are not the thinking.
        if (event.isSummary) break;
        open ??= newTurn(event.spanId);
        open.thinking.push(event.content);
        break;
      case 'reply':
        open ??= newTurn(event.spanId);
        open.content.push(event.content);
        break;
      case 'tool_call':
        open ??= newTurn(event.spanId);
        open.calls.push({
          id: event.id,
          type: 'function',
          function: { name: event.name, arguments: event.arguments },
        });
        break;
      // What arrived of a reply before its call failed was never used: the agent asked again, or gave up.
      case 'error':
        if (open !== undefined && open.spanId === event.spanId) open = undefined;
        break;
    }
  }
  close();
  return messages;
}

/** The tools that the model was offered last: they are recorded with the first call and whenever they change. */
export function toolsOffered(events: readonly TraceEvent[]): readonly ToolDefinition[] {
  const call = events.findLast((event) => event.type === 'model_call' && event.tools !== undefined);
  return call?.type === 'model_call' ? (call.tools ?? []) : [];
}

type Turn = {
  readonly spanId: string | undefined;
  readonly thinking: string[];
  readonly content: string[];
  readonly calls: ToolCall[];
};

function newTurn(spanId: string | undefined): Turn {
  return { spanId, thinking: [], content: [], calls: [] };
}

function isEmpty({ content, calls }: Turn): boolean {
  return calls.length === 0 && content.every((text) => text === '');
}

function assistantOf({ thinking, content, calls }: Turn): AssistantMessage {
  const reasoning = thinking.filter((text) => text !== '').join('\n\n');
  return {
    role: 'assistant',
    content: content.filter((text) => text !== '').join('\n\n'),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
  };
}

/**
 * Makes turns alternate and start with the user, as every trainer wants: neighbours of one role become one turn, and
 * what the agent said before it was asked (a greeting, the rest of a cut recording) is dropped.
 */
export function alternate(messages: readonly Message[]): readonly Message[] {
  const merged: Message[] = [];
  let asked = false;
  for (const message of messages) {
    const last = merged.at(-1);
    asked ||= message.role === 'user';
    if (!asked && message.role !== 'system') continue;
    if (last?.role === 'user' && message.role === 'user') {
      merged[merged.length - 1] = { role: 'user', content: joined(last.content, message.content) };
    } else if (last?.role === 'assistant' && message.role === 'assistant') {
      merged[merged.length - 1] = mergeAssistants(last, message);
    } else merged.push(message);
  }
  return merged;
}

/**
 * Reasoning models without a parser in front of them write their thinking into the text, in tags and first of all. It
 * goes where other providers put it, so that it is dropped, kept or tagged like theirs.
 */
export function withThinkingApart(messages: readonly Message[]): readonly Message[] {
  return messages.map((message) => {
    if (message.role !== 'assistant') return message;
    const [whole, inner = ''] = /^\s*<think>([\s\S]*?)(?:<\/think>\s*|$)/.exec(message.content) ?? [];
    if (whole === undefined) return message;
    const { reasoning_content: known = '', ...rest } = message;
    const thinking = [known, inner.trim()].filter((text) => text !== '').join('\n\n');
    return {
      ...rest,
      content: message.content.slice(whole.length),
      ...(thinking === '' ? {} : { reasoning_content: thinking }),
    };
  });
}

/** Tool results carry the name of their tool, which some formats show; recordings often have it on the call only. */
export function withToolNames(messages: readonly Message[]): readonly Message[] {
  const names = new Map<string, string>();
  return messages.map((message) => {
    if (message.role === 'assistant') {
      for (const { id, function: called } of message.tool_calls ?? []) names.set(id, called.name);
    }
    if (message.role !== 'tool' || (message.name ?? '') !== '') return message;
    const name = names.get(message.tool_call_id);
    return name === undefined ? message : { ...message, name };
  });
}

/**
 * Results in the order of their calls. Recordings have them as the tools finished, but chat templates and ShareGPT show
 * no ids: there the place alone says which call a result belongs to. What answers no call of its block stays behind.
 */
export function inCallOrder(messages: readonly Message[]): readonly Message[] {
  const ordered: Message[] = [];
  let block: ToolMessage[] = [];
  let places = new Map<string, number>();
  const closeBlock = (): void => {
    const place = ({ tool_call_id: id }: ToolMessage): number => places.get(id) ?? places.size;
    ordered.push(...block.sort((a, b) => place(a) - place(b)));
    block = [];
  };
  for (const message of messages) {
    if (message.role === 'tool') {
      block.push(message);
      continue;
    }
    closeBlock();
    places = new Map(callsOf(message).map(({ id }, index) => [id, index]));
    ordered.push(message);
  }
  closeBlock();
  return ordered;
}

function mergeAssistants(a: AssistantMessage, b: AssistantMessage): AssistantMessage {
  const calls = [...(a.tool_calls ?? []), ...(b.tool_calls ?? [])];
  const reasoning = joined(a.reasoning_content ?? '', b.reasoning_content ?? '');
  return {
    role: 'assistant',
    content: joined(a.content, b.content),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
  };
}

function joined(a: string, b: string): string {
  return [a, b].filter((text) => text !== '').join('\n\n');
}

/** Index of the first message after the last user message: where the agent's own work starts. */
export function answerStart(messages: readonly Message[]): number {
  return messages.findLastIndex(({ role }) => role === 'user') + 1;
}
