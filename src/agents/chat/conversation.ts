import type { Message } from '../../core/message.ts';

/**
 * A recorded conversation that a provider accepts: recordings may be cut anywhere, and a tool result without its call, or
 * a call without its result, is a rejected request. Such results and calls are left out, and turns that are then empty.
 */
export function wellFormed(messages: readonly Message[]): readonly Message[] {
  const kept: Message[] = [];
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as Message;
    if (message.role === 'tool') continue;
    if (message.role !== 'assistant') {
      kept.push(message);
      continue;
    }
    const results = new Map<string, Message>();
    for (let next = messages[index + 1]; next?.role === 'tool'; next = messages[index + 1]) {
      if (!results.has(next.tool_call_id)) results.set(next.tool_call_id, next);
      index++;
    }
    const seen = new Set<string>();
    const calls = (message.tool_calls ?? []).filter(({ id }) => results.has(id) && !seen.has(id) && seen.add(id));
    if (calls.length > 0) {
      kept.push({ role: 'assistant', content: message.content, tool_calls: calls });
      for (const { id } of calls) kept.push(results.get(id) as Message);
    } else if (message.content.trim() !== '') {
      kept.push({ role: 'assistant', content: message.content });
    }
  }
  return kept;
}
