import type { JsonObject } from '../../../core/json.ts';
import type { SpanKind } from '../../../core/trace.ts';
import { firstText } from './values.ts';

type Kinds = { readonly [name: string]: SpanKind };

const OWN = new Set<string>(['agent', 'model', 'tool', 'grader', 'phase', 'retriever', 'embedding', 'chain']);
const OPENINFERENCE: Kinds = {
  LLM: 'model',
  AGENT: 'agent',
  TOOL: 'tool',
  CHAIN: 'chain',
  RETRIEVER: 'retriever',
  RERANKER: 'retriever',
  EMBEDDING: 'embedding',
  GUARDRAIL: 'grader',
  EVALUATOR: 'grader',
  PROMPT: 'chain',
};
const GENAI: Kinds = {
  chat: 'model',
  text_completion: 'model',
  generate_content: 'model',
  embeddings: 'embedding',
  execute_tool: 'tool',
  create_agent: 'agent',
  invoke_agent: 'agent',
  retrieval: 'retriever',
  // LiteLLM writes the name of its own function, asynchronous ones with an `a` before it.
  completion: 'model',
  responses: 'model',
  anthropic_messages: 'model',
  embedding: 'embedding',
  rerank: 'retriever',
};
const TRACELOOP: Kinds = { agent: 'agent', tool: 'tool', workflow: 'chain', task: 'chain' };
const REQUEST_TYPES: Kinds = { chat: 'model', completion: 'model', embedding: 'embedding', rerank: 'retriever' };
const MLFLOW: Kinds = {
  LLM: 'model',
  CHAT_MODEL: 'model',
  AGENT: 'agent',
  TOOL: 'tool',
  CHAIN: 'chain',
  RETRIEVER: 'retriever',
  RERANKER: 'retriever',
  EMBEDDING: 'embedding',
};
const LANGFUSE: Kinds = {
  generation: 'model',
  agent: 'agent',
  tool: 'tool',
  chain: 'chain',
  retriever: 'retriever',
  embedding: 'embedding',
  evaluator: 'grader',
  guardrail: 'grader',
};
const MODEL_KEYS = ['gen_ai.request.model', 'gen_ai.response.model', 'llm.model_name', 'ai.model.id'];

/** What a span is: the first convention that says so wins; a span that names a model is a model call. */
export function kindOf(attributes: JsonObject, scopeName: string): SpanKind {
  const own = firstText(attributes, ['apo.span.kind']);
  if (own !== undefined && OWN.has(own)) return own as SpanKind;
  const operation = firstText(attributes, ['gen_ai.operation.name']);
  return (
    lookup(OPENINFERENCE, firstText(attributes, ['openinference.span.kind'])?.toUpperCase()) ??
    (operation === undefined ? undefined : operationKind(operation)) ??
    aiSdkKind(firstText(attributes, ['ai.operationId', ...(scopeName === 'ai' ? ['operation.name'] : [])])) ??
    lookup(TRACELOOP, firstText(attributes, ['traceloop.span.kind'])?.toLowerCase()) ??
    lookup(REQUEST_TYPES, firstText(attributes, ['llm.request.type'])) ??
    lookup(MLFLOW, firstText(attributes, ['mlflow.spanType'])?.replaceAll('"', '').toUpperCase()) ??
    lookup(LANGFUSE, firstText(attributes, ['langfuse.observation.type'])?.toLowerCase()) ??
    (firstText(attributes, MODEL_KEYS) === undefined ? 'chain' : 'model')
  );
}

function lookup(kinds: Kinds, name: string | undefined): SpanKind | undefined {
  return name !== undefined && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

function operationKind(operation: string): SpanKind {
  return lookup(GENAI, operation) ?? lookup(GENAI, operation.replace(/^a/, '')) ?? 'chain';
}

/** `ai.generateText` is the whole loop, `ai.generateText.doGenerate` one model call, `ai.toolCall` one tool call. */
function aiSdkKind(operation: string | undefined): SpanKind | undefined {
  const id = operation?.split(' ')[0];
  if (id === undefined || !id.startsWith('ai.')) return undefined;
  if (id === 'ai.toolCall') return 'tool';
  if (/embed/i.test(id)) return 'embedding';
  return /\.do(Generate|Stream)$/.test(id) ? 'model' : 'agent';
}
