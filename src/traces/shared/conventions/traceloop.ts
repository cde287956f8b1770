import type { Json, JsonObject } from '../../../core/json.ts';
import type { Message } from '../../../core/message.ts';
import { type Convention, messagesOrNone } from './convention.ts';
import { hasIndexed, indexed } from './indexed.ts';
import { inputMessages, outputMessages, toMessages } from './to-messages.ts';
import { asText, firstText } from './values.ts';

/** OpenLLMetry (Traceloop): indexed `gen_ai.prompt.N.*` and `gen_ai.completion.N.*`, older packages with `llm.`. */
export const traceloop: Convention = {
  name: 'traceloop',
  messages({ attributes }) {
    const prefixes = [
      ['gen_ai.prompt', 'gen_ai.completion'],
      ['llm.prompts', 'llm.completions'],
    ] as const;
    for (const [prompt, completion] of prefixes) {
      if (hasIndexed(attributes, prompt) || hasIndexed(attributes, completion)) {
        return messagesOrNone(readList(attributes, prompt, 'user'), readList(attributes, completion, 'assistant'));
      }
    }
    return undefined;
  },
  tool({ attributes, name }) {
    if (asText(attributes['traceloop.span.kind']).toLowerCase() !== 'tool') return undefined;
    const output = attributes['traceloop.entity.output'];
    return {
      id: '',
      name: firstText(attributes, ['traceloop.entity.name']) ?? name,
      arguments: asText(attributes['traceloop.entity.input']),
      result: output === undefined ? undefined : asText(output),
    };
  },
};

/** Input and output of a whole workflow, task or agent: only where nothing says more. */
export const traceloopEntity: Convention = {
  name: 'traceloop-entity',
  messages({ attributes, kind }) {
    if (kind === 'tool') return undefined;
    return messagesOrNone(
      inputMessages(attributes['traceloop.entity.input']),
      outputMessages(attributes['traceloop.entity.output']),
    );
  },
};

function readList(attributes: JsonObject, prefix: string, role: 'user' | 'assistant'): readonly Message[] {
  return indexed(Object.entries(attributes), prefix).flatMap((message) => {
    const calls = indexed(message, 'tool_calls').map((call): { [key: string]: Json } => ({
      id: call.get('id') ?? '',
      name: call.get('name') ?? call.get('function.name') ?? '',
      arguments: call.get('arguments') ?? call.get('function.arguments') ?? '{}',
    }));
    const content = message.get('content');
    return toMessages(
      {
        role: message.get('role') ?? role,
        content: content === undefined ? null : contentOf(content),
        tool_calls: calls,
        tool_call_id: message.get('tool_call_id') ?? null,
        reasoning: message.get('reasoning') ?? null,
      },
      role,
    );
  });
}

/** Content with several parts is written as the JSON text of the list. */
function contentOf(content: Json): Json {
  if (typeof content !== 'string' || !content.startsWith('[{"type"')) return content;
  try {
    return JSON.parse(content) as Json;
  } catch {
    return content;
  }
}
