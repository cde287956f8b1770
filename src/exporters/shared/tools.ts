import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import { callsOf, type Message, type ToolCall, type ToolDefinition } from '../../core/message.ts';

/** The arguments as an object, or undefined when the model wrote anything else. An empty text is an empty object. */
export function argumentsOf(call: ToolCall): JsonObject | undefined {
  if (call.function.arguments.trim() === '') return {};
  const parsed = parseJson(call.function.arguments);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined;
}

/**
 * The known definitions, and for each called tool without one the least schema that its calls fulfil: chat templates
 * list the tools, so a call of an unlisted tool would teach the model to make up tools.
 */
export function coverTools(
  messages: readonly Message[],
  known: readonly ToolDefinition[],
): { readonly tools: readonly ToolDefinition[]; readonly invented: readonly string[] } {
  const calls = messages.flatMap(callsOf);
  const listed = new Set(known.map((tool) => tool.function.name));
  const invented = [...new Set(calls.map((call) => call.function.name))].filter((name) => !listed.has(name));
  const made = invented.map((name) =>
    inventTool(
      name,
      calls.filter((call) => call.function.name === name),
    ),
  );
  return { tools: [...known, ...made], invented };
}

function inventTool(name: string, calls: readonly ToolCall[]): ToolDefinition {
  const properties: { [key: string]: JsonObject } = {};
  for (const call of calls) {
    for (const [key, value] of Object.entries(argumentsOf(call) ?? {})) {
      properties[key] ??= { type: schemaType(value) };
    }
  }
  return { type: 'function', function: { name, description: '', parameters: { type: 'object', properties } } };
}

function schemaType(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** Tool definitions out of foreign JSON, in the OpenAI shape or bare; members that are neither are left out. */
export function toolsFromJson(value: Json | undefined): readonly ToolDefinition[] {
  const list = typeof value === 'string' ? parsedOrUndefined(value) : value;
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).flatMap((member) => {
    const bare = isJsonObject(member) && isJsonObject(member.function) ? member.function : member;
    if (!isJsonObject(bare) || typeof bare.name !== 'string' || bare.name === '') return [];
    return [
      {
        type: 'function' as const,
        function: {
          name: bare.name,
          description: typeof bare.description === 'string' ? bare.description : '',
          parameters: isJsonObject(bare.parameters) ? bare.parameters : { type: 'object', properties: {} },
        },
      },
    ];
  });
}

function parsedOrUndefined(text: string): Json | undefined {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : undefined;
}
