import { isJsonObject, type JsonObject } from '../../../core/json.ts';
import type { Span } from '../../../core/trace.ts';
import type { Usage } from '../../../core/usage.ts';
import { langfuseUsage } from './langfuse.ts';
import { asText, decoded, firstNumber, firstText } from './values.ts';

/** What a span says about itself, whichever convention it follows. Unknown is null or empty, never guessed. */
export type SpanFacts = {
  /** As reported by the provider first, then as requested; without repeats. */
  readonly models: readonly string[];
  readonly provider: string | null;
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly agentName: string | null;
  /** Of a model or embedding call only: agent spans repeat the sum of their children. */
  readonly usage: Usage | null;
  readonly finishReason: string;
  readonly responseId: string;
  /** `service.name`; '' when unknown. */
  readonly service: string;
};

const RESPONSE_MODEL = ['gen_ai.response.model', 'ai.response.model', 'llm.response.model_name', 'ai.model.id'];
const REQUEST_MODEL = [
  'gen_ai.request.model',
  'llm.request.model_name',
  'llm.model_name',
  'mlflow.llm.model',
  'langfuse.observation.model.name',
];
const PROVIDER = ['gen_ai.provider.name', 'gen_ai.system', 'llm.provider', 'llm.system', 'ai.model.provider'];
const SESSION = [
  'gen_ai.conversation.id',
  'session.id',
  'langfuse.session.id',
  'ai.telemetry.metadata.sessionId',
  'traceloop.association.properties.session_id',
  'mlflow.trace.session',
  'gcp.vertex.agent.session_id',
];
const USER = [
  'user.id',
  'langfuse.user.id',
  'ai.telemetry.metadata.userId',
  'traceloop.association.properties.user_id',
  'mlflow.trace.user',
  'enduser.id',
];
/** Attributes that say whose a span is, in every convention. */
export const IDENTITY_KEYS: readonly string[] = [...SESSION, ...USER];
const AGENT = ['gen_ai.agent.name', 'agent.name', 'ai.telemetry.functionId', 'traceloop.workflow.name'];
const INPUT_TOKENS = [
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.prompt_tokens',
  'llm.token_count.prompt',
  'ai.usage.inputTokens',
  'ai.usage.promptTokens',
  'llm.usage.prompt_tokens',
];
const OUTPUT_TOKENS = [
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.token_count.completion',
  'ai.usage.outputTokens',
  'ai.usage.completionTokens',
  'llm.usage.completion_tokens',
];
const CACHED_TOKENS = [
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_read_input_tokens',
  'llm.token_count.prompt_details.cache_read',
  'ai.usage.cachedInputTokens',
];
const REASONING_TOKENS = [
  'gen_ai.usage.reasoning.output_tokens',
  'gen_ai.usage.reasoning_tokens',
  'llm.token_count.completion_details.reasoning',
  'ai.usage.reasoningTokens',
];
const FINISH = ['llm.finish_reason', 'ai.response.finishReason', 'gen_ai.completion.0.finish_reason'];
const RESPONSE_ID = ['gen_ai.response.id', 'ai.response.id'];

export function readFacts(span: Pick<Span, 'kind' | 'attributes' | 'resource'>): SpanFacts {
  const { attributes, resource } = span;
  const models = [firstText(attributes, RESPONSE_MODEL), firstText(attributes, REQUEST_MODEL)];
  const finish = decoded(attributes['gen_ai.response.finish_reasons']);
  return {
    models: [...new Set(models.filter((model) => model !== undefined))],
    provider: firstText(attributes, PROVIDER) ?? null,
    ...ownersOf(attributes, resource),
    agentName: firstText(attributes, AGENT) ?? null,
    usage: span.kind === 'model' || span.kind === 'embedding' ? readUsage(attributes) : null,
    finishReason: Array.isArray(finish) ? asText(finish[0]) : asText(finish ?? firstText(attributes, FINISH)),
    responseId: firstText(attributes, RESPONSE_ID) ?? '',
    service: firstText(resource, ['service.name']) ?? '',
  };
}

/** Whose a span or event is; null where it does not say. */
export function ownersOf(
  attributes: JsonObject,
  resource: JsonObject = {},
): { readonly sessionId: string | null; readonly userId: string | null } {
  return {
    sessionId: unquoted(firstText(attributes, SESSION) ?? firstText(resource, ['session.id'])),
    userId: unquoted(firstText(attributes, USER) ?? firstText(resource, ['user.id'])),
  };
}

function readUsage(attributes: JsonObject): Usage | null {
  const mlflow = decoded(attributes['mlflow.chat.tokenUsage']);
  const more = isJsonObject(mlflow) ? mlflow : {};
  const own = langfuseUsage(attributes);
  const input =
    firstNumber(attributes, INPUT_TOKENS) ?? firstNumber(more, ['input_tokens']) ?? firstNumber(own, ['input']);
  const output =
    firstNumber(attributes, OUTPUT_TOKENS) ?? firstNumber(more, ['output_tokens']) ?? firstNumber(own, ['output']);
  if (input === undefined && output === undefined) return null;
  return {
    input: count(input),
    output: count(output),
    cached: count(firstNumber(attributes, CACHED_TOKENS) ?? firstNumber(own, ['cached'])),
    reasoning: count(firstNumber(attributes, REASONING_TOKENS) ?? firstNumber(own, ['reasoning'])),
    estimated: attributes['apo.usage.estimated'] === true,
  };
}

/** Token counts are foreign: negative and absurd ones must not spoil a sum. */
function count(value: number | undefined): number {
  return value === undefined || value < 0 || value > 1e12 ? 0 : Math.trunc(value);
}

/** MLflow writes ids as JSON texts. */
function unquoted(id: string | undefined): string | null {
  if (id === undefined) return null;
  const value = id.startsWith('"') ? asText(decoded(id)) : id;
  return value === '' ? null : value.slice(0, 512);
}
