import { isJsonObject, type JsonObject } from '../../../core/json.ts';
import type { Message, ToolCall } from '../../../core/message.ts';
import { type Convention, messagesOrNone, type SpanMessages } from './convention.ts';
import { hasIndexed, indexed } from './indexed.ts';
import { resultText, toMessages } from './to-messages.ts';
import { asText, decoded, firstText } from './values.ts';

/** OpenTelemetry GenAI, third generation (1.37 and later): messages in attributes or in the details event. */
export const genai: Convention = {
  name: 'genai',
  messages({ attributes, events }) {
    const own = structured(attributes);
    if (own !== undefined) return own;
    const details = events.find(({ name }) => name === 'gen_ai.client.inference.operation.details');
    if (details === undefined) return undefined;
    const body = decoded(details.attributes['event.body']);
    return structured(isJsonObject(body) ? { ...details.attributes, ...body } : details.attributes);
  },
  tool({ attributes, name }) {
    if (attributes['gen_ai.operation.name'] !== 'execute_tool' && attributes['gen_ai.tool.name'] === undefined) {
      return undefined;
    }
    return {
      id: asText(attributes['gen_ai.tool.call.id']),
      name: firstText(attributes, ['gen_ai.tool.name']) ?? name.replace(/^execute_tool /, ''),
      arguments: asText(attributes['gen_ai.tool.call.arguments'] ?? attributes['gen_ai.tool.arguments']),
      result: attributes['gen_ai.tool.call.result'] === undefined ? undefined : toolResult(attributes),
    };
  },
};

/** Some (the AI SDK from 7 on) write every result as JSON text, so that a plain string comes in quotes. */
function toolResult(attributes: JsonObject): string {
  const given = attributes['gen_ai.tool.call.result'];
  if (typeof given !== 'string') return resultText(given);
  const inner = given.startsWith('"') ? decoded(given) : given;
  return typeof inner === 'string' ? inner : given;
}

function structured(attributes: JsonObject): SpanMessages | undefined {
  const input = toMessages(attributes['gen_ai.input.messages'], 'user');
  const output = withCalls(toMessages(attributes['gen_ai.output.messages'], 'assistant'), attributes);
  const instructions = input.some(({ role }) => role === 'system')
    ? []
    : systemTexts(attributes).map((content) => ({ role: 'system' as const, content }));
  return messagesOrNone([...instructions, ...input], output);
}

/** Usually `[{ type: 'text', content }]` as JSON; some send a bare text. */
function systemTexts(attributes: JsonObject): readonly string[] {
  const given = decoded(attributes['gen_ai.system_instructions']);
  return toMessages(given, 'user').flatMap(({ content }) => (content === '' ? [] : [content]));
}

/** LiteLLM leaves the calls out of the reply's message and writes each as `gen_ai.completion.N.function_call.*`. */
function withCalls(output: readonly Message[], attributes: JsonObject): readonly Message[] {
  const hasCalls = output.some((message) => message.role === 'assistant' && message.tool_calls !== undefined);
  if (hasCalls || attributes['gen_ai.output.messages'] === undefined) return output;
  if (!hasIndexed(attributes, 'gen_ai.completion')) return output;
  const calls = indexed(Object.entries(attributes), 'gen_ai.completion').flatMap((fields): readonly ToolCall[] => {
    const name = asText(fields.get('function_call.name'));
    if (name === '') return [];
    const given = asText(fields.get('function_call.arguments'));
    return [{ id: '', type: 'function', function: { name, arguments: given === '' ? '{}' : given } }];
  });
  return calls.length === 0 ? output : [...output, { role: 'assistant', content: '', tool_calls: calls }];
}
