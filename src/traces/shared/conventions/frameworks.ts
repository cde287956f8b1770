import { type Convention, messagesOrNone } from './convention.ts';
import { inputMessages, mergeTurn, outputMessages, toMessages } from './to-messages.ts';
import { decoded } from './values.ts';

/** `input.value` and `output.value`: any span's whole input and output (OpenInference, Langfuse habit). */
export const inputOutput: Convention = {
  name: 'input-output',
  messages({ attributes, kind }) {
    if (kind === 'tool') return undefined;
    return messagesOrNone(inputMessages(attributes['input.value']), outputMessages(attributes['output.value']));
  },
};

/** Pydantic AI before it wrote GenAI messages: all messages of a run in one attribute, the reply being the last. */
export const pydanticAi: Convention = {
  name: 'pydantic-ai',
  messages({ attributes }) {
    const all = mergeTurn(
      toMessages(attributes['pydantic_ai.all_messages'] ?? attributes.all_messages_events ?? attributes.events, 'user'),
    );
    const last = all.at(-1);
    if (last?.role === 'assistant') return { input: all.slice(0, -1), output: [last] };
    return messagesOrNone(all, outputMessages(attributes.final_result));
  },
};

/** Attribute pairs of smaller frameworks that hold a request and a response. */
const PAIRS = [
  ['genkit:input', 'genkit:output'],
  ['gcp.vertex.agent.llm_request', 'gcp.vertex.agent.llm_response'],
  ['lk.user_input', 'lk.response.text'],
  ['prompt', 'completion'],
] as const;

export const requestResponse: Convention = {
  name: 'request-response',
  messages({ attributes, kind }) {
    if (kind === 'tool') return undefined;
    for (const [request, response] of PAIRS) {
      const input = attributes[request];
      const output = attributes[response];
      if (input === undefined && output === undefined) continue;
      return messagesOrNone(inputMessages(decoded(input)), outputMessages(decoded(output)));
    }
    return undefined;
  },
  tool({ attributes, name, kind }) {
    if (kind !== 'tool') return undefined;
    const input =
      attributes['gcp.vertex.agent.tool_call_args'] ?? attributes['genkit:input'] ?? attributes['input.value'];
    const output =
      attributes['gcp.vertex.agent.tool_response'] ?? attributes['genkit:output'] ?? attributes['output.value'];
    const text = (value: typeof input): string => (typeof value === 'string' ? value : JSON.stringify(value ?? {}));
    return { id: '', name, arguments: text(input), result: output === undefined ? undefined : text(output) };
  },
};
