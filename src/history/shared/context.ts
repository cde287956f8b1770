import { callsOf, type Message } from '../../core/message.ts';

/**
 * Longest conversation before a turn that a task keeps. An agent's own memory is shorter, and without a limit a session
 * of n turns would become a dataset of n * n messages.
 */
export const MAX_CONTEXT_MESSAGES = 60;
export const MAX_CONTEXT_CHARACTERS = 40_000;

/** Drops the oldest whole turns (from one user message to the next) until the rest fits. */
export function trimContext(messages: readonly Message[]): {
  readonly messages: readonly Message[];
  readonly omitted: number;
} {
  let characters = 0;
  let start = messages.length;
  for (let at = messages.length - 1; at >= 0; at--) {
    characters += sizeOf(messages[at] as Message);
    if (messages.length - at > MAX_CONTEXT_MESSAGES || characters > MAX_CONTEXT_CHARACTERS) break;
    if (at === 0 || messages[at]?.role === 'user') start = at;
  }
  return { messages: start === 0 ? messages : messages.slice(start), omitted: start };
}

function sizeOf(message: Message): number {
  return message.content.length + callsOf(message).reduce((sum, call) => sum + call.function.arguments.length, 0);
}
