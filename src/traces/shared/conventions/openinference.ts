import type { Json, JsonObject } from '../../../core/json.ts';
import type { Message } from '../../../core/message.ts';
import { type Convention, messagesOrNone } from './convention.ts';
import { hasIndexed, indexed } from './indexed.ts';
import { langChainResult, toMessages } from './to-messages.ts';
import { asText, firstText } from './values.ts';

const INPUT = 'llm.input_messages';
const OUTPUT = 'llm.output_messages';

/** OpenInference (Arize Phoenix): flat indexed keys below `llm.input_messages` and `llm.output_messages`. */
export const openinference: Convention = {
  name: 'openinference',
  messages({ attributes }) {
    if (!hasIndexed(attributes, INPUT) && !hasIndexed(attributes, OUTPUT)) return undefined;
    return messagesOrNone(readList(attributes, INPUT), readList(attributes, OUTPUT));
  },
  tool({ attributes, name }) {
    if (asText(attributes['openinference.span.kind']).toUpperCase() !== 'TOOL') return undefined;
    const output = attributes['output.value'];
    const message = langChainResult(output);
    return {
      id: firstText(attributes, ['tool_call.id', 'tool.id']) ?? message?.tool_call_id ?? '',
      name: firstText(attributes, ['tool.name', 'tool_call.function.name']) ?? name,
      arguments: asText(attributes['tool_call.function.arguments'] ?? attributes['input.value']),
      result: output === undefined ? undefined : (message?.content ?? asText(output)),
    };
  },
};

function readList(attributes: JsonObject, prefix: string): readonly Message[] {
  return indexed(Object.entries(attributes), prefix).flatMap((message) =>
    toMessages(readMessage(message), prefix === OUTPUT ? 'assistant' : 'user'),
  );
}

function readMessage(message: ReadonlyMap<string, Json>): JsonObject {
  const contents = indexed(message, 'message.contents').map((part) => readContent(part));
  const calls = indexed(message, 'message.tool_calls').map((call): { [key: string]: Json } => ({
    id: call.get('tool_call.id') ?? '',
    name: call.get('tool_call.function.name') ?? '',
    arguments: call.get('tool_call.function.arguments') ?? '{}',
  }));
  const legacy = message.get('message.function_call_name');
  if (legacy !== undefined) {
    calls.push({ id: '', name: legacy, arguments: message.get('message.function_call_arguments_json') ?? '{}' });
  }
  const text = message.get('message.content');
  return {
    role: message.get('message.role') ?? null,
    // Some instrumentations write a text both whole and as a part.
    content: text === undefined || contents.some((part) => part.text !== undefined) ? contents : [text, ...contents],
    tool_calls: calls,
    tool_call_id: message.get('message.tool_call_id') ?? null,
    name: message.get('message.name') ?? null,
  };
}

function readContent(part: ReadonlyMap<string, Json>): JsonObject {
  const type = asText(part.get('message_content.type')) || 'text';
  const text = part.get('message_content.text');
  return { type, ...(text === undefined ? {} : { text }) };
}
