import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import type { ToolDefinition } from '../../../core/message.ts';
import { hasIndexed, indexed } from './indexed.ts';
import { asText, decoded } from './values.ts';

/** The tools that a model call offered, whichever convention lists them. */
export function readToolDefinitions(attributes: JsonObject): readonly ToolDefinition[] {
  const lists: (Json | undefined)[] = [
    attributes['gen_ai.tool.definitions'],
    attributes['ai.prompt.tools'],
    attributes['mlflow.chat.tools'],
    langfuseTools(attributes['langfuse.observation.input']),
  ];
  const list = lists.map(decoded).find((value) => Array.isArray(value));
  if (Array.isArray(list)) return list.flatMap((item: Json) => definition(decoded(item)));
  if (hasIndexed(attributes, 'llm.tools')) {
    return indexed(Object.entries(attributes), 'llm.tools').flatMap((tool) =>
      definition(decoded(tool.get('tool.json_schema'))),
    );
  }
  if (hasIndexed(attributes, 'llm.request.functions')) {
    return indexed(Object.entries(attributes), 'llm.request.functions').flatMap((tool) =>
      definition({
        name: tool.get('name') ?? '',
        description: tool.get('description') ?? '',
        parameters: decoded(tool.get('parameters')) ?? {},
      }),
    );
  }
  return [];
}

/** A generation's input is the whole request where tools were offered. */
function langfuseTools(input: Json | undefined): Json | undefined {
  const request = decoded(input);
  return isJsonObject(request) ? request.tools : undefined;
}

/** `{ type: function, function: {...} }`, the bare function, or a provider's shape with `input_schema`. */
function definition(given: Json | undefined): readonly ToolDefinition[] {
  if (!isJsonObject(given)) return [];
  const inner = isJsonObject(given.function) ? given.function : given;
  const name = asText(inner.name);
  if (name === '') return [];
  const description = asText(inner.description);
  const parameters = decoded(inner.parameters ?? inner.input_schema ?? inner.inputSchema);
  return [
    {
      type: 'function',
      function: {
        name,
        ...(description === '' ? {} : { description }),
        ...(isJsonObject(parameters) ? { parameters } : {}),
      },
    },
  ];
}
