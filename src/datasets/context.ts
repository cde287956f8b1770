import { isJsonObject, type Json } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import { pairToolCalls, readMessage } from '../history/shared/messages.ts';

export type ReadContext =
  | {
      readonly ok: true;
      readonly messages: readonly Message[];
      readonly systemPrompt: string;
      readonly media: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

/**
 * The conversation before the input. Texts and documents (passages to read, notes) become one user message. System messages
 * are taken out: the system prompt is what is being trained.
 */
export function readContext(value: Json | undefined): ReadContext {
  if (value === undefined || value === null || value === '') return readConversation([]);
  const isConversation =
    Array.isArray(value) &&
    value.every((item) => isJsonObject(item)) &&
    (value.length === 0 || !value.every(isDocument));
  if (isConversation) return readConversation(value);
  const passages: readonly Json[] = Array.isArray(value) ? value : [value];
  const text = passages
    .map((passage) => (typeof passage === 'string' ? passage : JSON.stringify(passage)))
    .join('\n\n');
  return readConversation([{ role: 'user', content: text }]);
}

/** A retrieved passage with what is known of it: nobody speaks. */
function isDocument(item: Json): boolean {
  return isJsonObject(item) && ['role', 'from', 'type', 'lc'].every((name) => item[name] === undefined);
}

/** Messages in our shape; calls and results that do not belong together make the record unusable, as for providers. */
export function readConversation(items: readonly Json[]): ReadContext {
  const messages: Message[] = [];
  const media: string[] = [];
  for (const item of items) {
    const read = readMessage(item);
    if (!read.ok) return read;
    messages.push(...read.messages);
    media.push(...read.media);
  }
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const { messages: paired, problems } = pairToolCalls(messages.filter(({ role }) => role !== 'system'));
  if (problems[0] !== undefined) return { ok: false, reason: `tool calls do not match their results: ${problems[0]}` };
  return { ok: true, messages: paired, systemPrompt: system.filter(Boolean).join('\n\n'), media };
}
