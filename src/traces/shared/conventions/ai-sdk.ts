import type { Json, JsonObject } from '../../../core/json.ts';
import type { Message } from '../../../core/message.ts';
import { type Convention, hasAny, messagesOrNone } from './convention.ts';
import { inputMessages, toMessages } from './to-messages.ts';
import { asText, decoded, objectsOf } from './values.ts';

/** Vercel AI SDK's own `ai.*` attributes (v3 to v6, and v7 with LegacyOpenTelemetry). */
export const aiSdk: Convention = {
  name: 'ai-sdk',
  messages({ attributes }) {
    if (
      !hasAny(attributes, ['ai.prompt.messages', 'ai.prompt', 'ai.response.text', 'ai.response.toolCalls', ...OTHER])
    ) {
      return undefined;
    }
    const prompt = attributes['ai.prompt.messages'];
    const input = prompt === undefined ? inputMessages(attributes['ai.prompt']) : toMessages(prompt, 'user');
    return messagesOrNone(input, reply(attributes));
  },
  tool({ attributes, name }) {
    if (attributes['ai.toolCall.name'] === undefined && attributes['ai.toolCall.id'] === undefined) return undefined;
    const result = attributes['ai.toolCall.result'];
    return {
      id: asText(attributes['ai.toolCall.id']),
      name: asText(attributes['ai.toolCall.name']) || name,
      arguments: asText(attributes['ai.toolCall.args'] ?? attributes['ai.toolCall.input']),
      result: result === undefined ? undefined : asText(plain(result)),
    };
  },
};

const OTHER = [
  'ai.response.object',
  'ai.response.reasoning',
  'ai.result.text',
  'ai.result.toolCalls',
  'ai.result.object',
];

function reply(attributes: JsonObject): readonly Message[] {
  const part = (name: string): Json | undefined => attributes[`ai.response.${name}`] ?? attributes[`ai.result.${name}`];
  const calls = objectsOf(decoded(part('toolCalls')));
  const content = asText(part('text') ?? part('object'));
  const thinking = asText(part('reasoning'));
  if (content === '' && thinking === '' && calls.length === 0) return [];
  return toMessages({ role: 'assistant', content, tool_calls: calls, reasoning_content: thinking }, 'assistant');
}

/** Results are JSON-encoded, texts too. */
function plain(value: Json): Json {
  const parsed = decoded(value);
  return typeof parsed === 'string' ? parsed : value;
}
