import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import { type Convention, messagesOrNone } from './convention.ts';
import { inputMessages, outputMessages } from './to-messages.ts';
import { asText, decoded } from './values.ts';

const INPUT = 'langfuse.observation.input';
const OUTPUT = 'langfuse.observation.output';

/** Langfuse's SDKs: whole requests, replies and call arguments as JSON texts. */
export const langfuse: Convention = {
  name: 'langfuse',
  messages({ attributes, kind }) {
    if (kind === 'tool') return undefined;
    return messagesOrNone(inputMessages(onlyArgument(decoded(attributes[INPUT]))), outputMessages(attributes[OUTPUT]));
  },
  tool({ attributes, name }) {
    if (attributes['langfuse.observation.type'] !== 'tool') return undefined;
    const output = attributes[OUTPUT];
    return {
      id: '',
      name,
      arguments: asText(namedArguments(decoded(attributes[INPUT])) ?? {}),
      result: output === undefined ? undefined : asText(output),
    };
  },
};

/** Token counts of a generation: Langfuse's own names or the provider's; empty when there are none. */
export function langfuseUsage(attributes: JsonObject): JsonObject {
  const usage = decoded(attributes['langfuse.observation.usage_details']);
  if (!isJsonObject(usage)) return {};
  const input = detail(usage, 'input_tokens_details') ?? detail(usage, 'prompt_tokens_details') ?? usage;
  const output = detail(usage, 'output_tokens_details') ?? detail(usage, 'completion_tokens_details') ?? usage;
  return {
    input: usage.input ?? usage.input_tokens ?? usage.prompt_tokens ?? null,
    output: usage.output ?? usage.output_tokens ?? usage.completion_tokens ?? null,
    cached: input.cached_tokens ?? usage.input_cached_tokens ?? null,
    reasoning: output.reasoning_tokens ?? usage.output_reasoning_tokens ?? null,
  };
}

function detail(usage: JsonObject, name: string): JsonObject | undefined {
  return isJsonObject(usage[name]) ? usage[name] : undefined;
}

/** `@observe` writes `{ args, kwargs }`: a function of one text got that text. */
function onlyArgument(given: Json | undefined): Json | undefined {
  if (!isJsonObject(given) || !Array.isArray(given.args) || !isJsonObject(given.kwargs)) return given;
  const all: readonly Json[] = [...given.args, ...Object.values(given.kwargs)];
  return all.length === 1 ? all[0] : given;
}

function namedArguments(given: Json | undefined): Json | undefined {
  if (!isJsonObject(given) || !Array.isArray(given.args) || !isJsonObject(given.kwargs)) return given;
  return given.args.length === 0 ? given.kwargs : given;
}
