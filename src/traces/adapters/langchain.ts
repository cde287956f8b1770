import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { textOf } from '../facts.ts';
import type { GenAiMessage } from '../shared/genai.ts';
import { type ActiveSpan, type Attributes, argumentsText, resultText, startSpan } from '../span.ts';
import { guard, tracingState } from '../state.ts';
import { createMessageRecorder, langchainMessage } from './messages.ts';

/**
 * LangChain.js and LangGraph.js, by structure only: nothing of LangChain is imported. Tested with `@langchain/core` 1.2
 * and `@langchain/langgraph` 1.2.
 */

type Run = { readonly span: ActiveSpan; readonly own: boolean };

/** Runs that LangGraph itself marks as plumbing. */
const HIDDEN = 'langsmith:hidden';

/**
 * A callback handler: `graph.invoke(input, { callbacks: [createLangChainHandler()] })`. The outermost run becomes a
 * trace (or a part of the current one), chains and nodes become phases, chat models and tools spans of their kind.
 * `thread_id` of the config becomes the session.
 */
export function createLangChainHandler(options: { readonly agent?: string } = {}) {
  const runs = new Map<string, Run>();

  function parentOf(candidates: readonly unknown[]): Run | undefined {
    // The position of the parent's id has changed between versions; an id that is known is the parent.
    for (const id of candidates) {
      const run = typeof id === 'string' ? runs.get(id) : undefined;
      if (run !== undefined) return run;
    }
    return undefined;
  }
  function begin(
    runId: string,
    parent: Run | undefined,
    start: Omit<Parameters<typeof startSpan>[0], 'parent'>,
  ): ActiveSpan {
    const span = startSpan({ ...start, ...(parent === undefined ? {} : { parent: parent.span }) });
    runs.set(runId, { span, own: true });
    return span;
  }
  function finish(runId: string, action: (span: ActiveSpan) => void): void {
    guard(() => {
      const run = runs.get(runId);
      runs.delete(runId);
      if (run?.own !== true) return;
      try {
        action(run.span);
      } finally {
        run.span.end();
      }
    });
  }
  const fail = (error: unknown, runId: string): void => finish(runId, (span) => span.error(error));

  return {
    name: 'apo',
    // What LangChain expects of a handler object; awaiting keeps times exact, and nothing here takes long.
    lc_serializable: false,
    awaitHandlers: true,
    raiseError: false,
    ignoreLLM: false,
    ignoreChain: false,
    ignoreAgent: true,
    ignoreRetriever: false,
    ignoreCustomEvent: true,
    copy() {
      return this;
    },

    handleChainStart(chain: unknown, inputs: unknown, runId: string, ...rest: readonly unknown[]): void {
      if (tracingState() === undefined) return;
      guard(() => {
        const parent = parentOf(rest);
        const tags = rest.find(Array.isArray) ?? [];
        const metadata = rest.find((value) => isJsonObject(value)) as JsonObject | undefined;
        if (parent !== undefined && tags.includes(HIDDEN)) {
          runs.set(runId, { ...parent, own: false });
          return;
        }
        const name = nameOf(
          chain,
          [rest[4], rest[3]].find((value) => typeof value === 'string' && value !== '' && !runs.has(value)),
        );
        if (parent === undefined) {
          const agent = options.agent ?? name;
          begin(runId, parent, {
            name: `invoke_agent ${agent}`,
            kind: 'agent',
            attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': agent, ...sessionOf(metadata) },
          }).input(messagesIn(inputs) ?? resultText(inputs));
        } else {
          const node = textOf(metadata?.langgraph_node) || name;
          begin(runId, parent, {
            name: node,
            kind: 'phase',
            attributes: { 'apo.phase': node, ...sessionOf(metadata) },
          });
        }
      });
    },
    handleChainEnd(outputs: unknown, runId: string): void {
      finish(runId, (span) => {
        const messages = messagesIn(outputs);
        const last = messages?.at(-1);
        if (last?.role === 'assistant') span.output([last]);
        else if (messages === undefined) span.output(resultText(outputs));
      });
    },
    handleChainError: fail,

    handleChatModelStart(
      llm: unknown,
      batches: readonly (readonly unknown[])[],
      runId: string,
      ...rest: readonly unknown[]
    ): void {
      if (tracingState() === undefined) return;
      guard(() => {
        const messages = (batches[0] ?? []).map(langchainMessage);
        startModel(llm, runId, rest, messages);
      });
    },
    handleLLMStart(llm: unknown, prompts: readonly string[], runId: string, ...rest: readonly unknown[]): void {
      if (tracingState() === undefined) return;
      guard(() => {
        const text = prompts[0] ?? '';
        startModel(llm, runId, rest, [{ role: 'user', parts: [{ type: 'text', content: text }] }]);
      });
    },
    handleLLMEnd(output: unknown, runId: string): void {
      finish(runId, (span) => {
        const generation = first(first(isJsonObject(output) ? output.generations : undefined));
        const { message, text } = isJsonObject(generation) ? generation : {};
        span.set(replyAttributes(isJsonObject(message) ? message : {}));
        if (isJsonObject(message)) span.output([langchainMessage(message)]);
        else if (typeof text === 'string') span.output(text);
      });
    },
    handleLLMError: fail,

    handleToolStart(tool: unknown, input: unknown, runId: string, ...rest: readonly unknown[]): void {
      if (tracingState() === undefined) return;
      guard(() => {
        const [parentId, , metadata, runName, callId] = rest;
        const name = nameOf(tool, runName);
        begin(runId, parentOf([parentId]), {
          name: `execute_tool ${name}`,
          kind: 'tool',
          attributes: {
            'gen_ai.operation.name': 'execute_tool',
            'gen_ai.tool.name': name,
            'gen_ai.tool.type': 'function',
            'gen_ai.tool.call.id': typeof callId === 'string' ? callId : undefined,
            'gen_ai.tool.call.arguments': keepsContent() ? argumentsText(input) : undefined,
            ...sessionOf(isJsonObject(metadata) ? metadata : undefined),
          },
        });
      });
    },
    handleToolEnd(output: unknown, runId: string): void {
      finish(runId, (span) => {
        const message = isJsonObject(output) && 'tool_call_id' in output ? output : undefined;
        const content = message === undefined ? resultText(output) : textOf(message.content);
        span.set({
          ...(keepsContent() ? { 'gen_ai.tool.call.result': content } : {}),
          ...(message === undefined ? {} : { 'gen_ai.tool.call.id': textOf(message.tool_call_id) }),
        });
        if (message?.status === 'error') span.error(content);
      });
    },
    handleToolError: fail,

    handleRetrieverStart(retriever: unknown, query: string, runId: string, ...rest: readonly unknown[]): void {
      if (tracingState() === undefined) return;
      guard(() => {
        const name = nameOf(retriever, rest[3]);
        begin(runId, parentOf([rest[0]]), {
          name: `retrieval ${name}`,
          kind: 'retriever',
          attributes: { 'gen_ai.operation.name': 'retrieval' },
        }).input(query);
      });
    },
    handleRetrieverEnd(documents: unknown, runId: string): void {
      finish(runId, (span) => span.output(resultText(documents)));
    },
    handleRetrieverError: fail,
  };

  function startModel(llm: unknown, runId: string, rest: readonly unknown[], messages: readonly GenAiMessage[]): void {
    const [parentId, extra, , metadata] = rest;
    const facts = isJsonObject(metadata) ? metadata : {};
    const invocation = isJsonObject(extra) && isJsonObject(extra.invocation_params) ? extra.invocation_params : {};
    const model = textOf(facts.ls_model_name ?? invocation.model ?? invocation.model_name) || nameOf(llm, undefined);
    const system = messages.filter(({ role }) => role === 'system').flatMap(({ parts }) => parts);
    const tools = Array.isArray(invocation.tools) ? invocation.tools.filter(isJsonObject) : [];
    begin(runId, parentOf([parentId]), {
      name: `chat ${model}`,
      kind: 'model',
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': textOf(facts.ls_provider) || 'langchain',
        'gen_ai.request.model': model,
        'gen_ai.request.temperature': typeof facts.ls_temperature === 'number' ? facts.ls_temperature : undefined,
        'gen_ai.system_instructions': system.length > 0 && keepsContent() ? JSON.stringify(system) : undefined,
        'gen_ai.tool.definitions':
          tools.length > 0 && keepsContent() ? JSON.stringify(tools.map((tool) => tool.function ?? tool)) : undefined,
        ...sessionOf(facts),
      },
    }).input(messages.filter(({ role }) => role !== 'system'));
  }
}

/**
 * A node that records the graph's `messages` when it runs, for graphs that take no callbacks: add it where the state is
 * to be looked at, most simply before the end. It changes nothing in the state.
 */
export function createTraceNode(options: { readonly agent?: string } = {}) {
  const recorder = createMessageRecorder(options.agent ?? 'agent');
  return (
    state: { readonly messages?: readonly unknown[] },
    config?: { readonly configurable?: object },
  ): Record<string, never> => {
    guard(() => {
      const thread = (config?.configurable as { readonly thread_id?: unknown } | undefined)?.thread_id;
      const messages = (state.messages ?? []).map(langchainMessage);
      recorder.show(typeof thread === 'string' ? thread : '', messages);
    });
    return {};
  };
}

function keepsContent(): boolean {
  return tracingState()?.content !== 'none';
}

function sessionOf(metadata: JsonObject | undefined): Attributes {
  const thread = metadata?.thread_id;
  return typeof thread === 'string' ? { 'gen_ai.conversation.id': thread } : {};
}

function nameOf(serialized: unknown, given: unknown): string {
  if (typeof given === 'string' && given !== '') return given;
  if (!isJsonObject(serialized)) return 'run';
  const id = Array.isArray(serialized.id) ? serialized.id.at(-1) : undefined;
  return textOf(serialized.name ?? id) || 'run';
}

/** The `messages` of a state, or a list of messages; undefined when there is neither. */
function messagesIn(value: unknown): GenAiMessage[] | undefined {
  const list = isJsonObject(value) ? value.messages : value;
  const messages = Array.isArray(list) ? list : isJsonObject(list) ? [list] : [];
  return messages.length === 0 || !messages.every(isJsonObject) ? undefined : messages.map(langchainMessage);
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function replyAttributes(message: JsonObject): Attributes {
  const usage = isJsonObject(message.usage_metadata) ? message.usage_metadata : {};
  const details = (key: string): JsonObject => (isJsonObject(usage[key]) ? (usage[key] as JsonObject) : {});
  const response = isJsonObject(message.response_metadata) ? message.response_metadata : {};
  const finish: Json = response.finish_reason ?? response.stop_reason ?? null;
  return {
    'gen_ai.response.id': typeof message.id === 'string' ? message.id : undefined,
    'gen_ai.response.model': textOf(response.model_name ?? response.model) || undefined,
    'gen_ai.response.finish_reasons': typeof finish === 'string' ? [finish] : undefined,
    'gen_ai.usage.input_tokens': usage.input_tokens,
    'gen_ai.usage.output_tokens': usage.output_tokens,
    'gen_ai.usage.cache_read.input_tokens': details('input_token_details').cache_read,
    'gen_ai.usage.reasoning.output_tokens': details('output_token_details').reasoning,
  };
}
