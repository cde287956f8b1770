import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import type { Message } from '../../../core/message.ts';
import type { SpanEvent } from '../../../core/trace.ts';
import { type Convention, messagesOrNone } from './convention.ts';
import { inputMessages, outputMessages, toMessages } from './to-messages.ts';
import { decoded } from './values.ts';

const INPUT_ROLES: { readonly [name: string]: string } = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
  'gen_ai.tool.message': 'tool',
};

/** OpenTelemetry GenAI up to 1.36: one event for each message; and the first generation's two content events. */
export const genaiEvents: Convention = {
  name: 'genai-events',
  messages({ events }) {
    if (!events.some(({ name }) => name.startsWith('gen_ai.'))) return undefined;
    const input: Message[] = [];
    const output: Message[] = [];
    for (const event of events) {
      const role = INPUT_ROLES[event.name];
      if (role !== undefined) input.push(...toMessages({ role, ...bodyOf(event) }, 'user'));
      else if (event.name === 'gen_ai.choice') output.push(...choice(bodyOf(event)));
      else if (event.name === 'gen_ai.content.prompt') input.push(...inputMessages(event.attributes['gen_ai.prompt']));
      else if (event.name === 'gen_ai.content.completion') {
        output.push(...outputMessages(event.attributes['gen_ai.completion']));
      }
    }
    return messagesOrNone(input, output);
  },
};

/** The event's body stands in its attributes, or as JSON in one of them. */
export function bodyOf({ attributes }: SpanEvent): JsonObject {
  const body = decoded(attributes['gen_ai.event.content'] ?? attributes['event.body'] ?? attributes.body);
  return isJsonObject(body) ? body : attributes;
}

function choice(body: JsonObject): readonly Message[] {
  const message: Json | undefined = decoded(body.message);
  if (isJsonObject(message)) return toMessages({ role: 'assistant', ...message }, 'assistant');
  const content = message ?? body.content;
  return toMessages({ ...body, role: 'assistant', content: content ?? null }, 'assistant');
}
