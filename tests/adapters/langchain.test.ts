import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  SystemMessage,
} from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';
import { RunnableLambda } from '@langchain/core/runnables';
import { tool } from '@langchain/core/tools';
import { END, MemorySaver, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createLangChainHandler, createTraceNode } from '../../src/traces/adapters/langchain.ts';
import { langchainMessage } from '../../src/traces/adapters/messages.ts';
import { fullTraceOf } from '../../src/traces/full-trace.ts';
import { trace } from '../../src/traces/tracing.ts';
import { recordingFor } from '../traces/recording.ts';

/** Answers from a list, as a real chat model of LangChain. */
class ScriptedModel extends BaseChatModel {
  readonly replies: AIMessage[];

  constructor(...replies: AIMessage[]) {
    super({});
    this.replies = replies;
  }
  override _llmType(): string {
    return 'scripted';
  }
  override async _generate(_messages: BaseMessage[]): Promise<ChatResult> {
    const message = this.replies.shift();
    if (message === undefined) throw new Error('the model is down');
    return { generations: [{ text: message.text, message }] };
  }
}

const CALL = { id: 'c1', name: 'weather', args: { city: 'Rome' } };
const USAGE = { input_tokens: 8, output_tokens: 2, total_tokens: 10, output_token_details: { reasoning: 1 } };

function weatherGraph(extra: 'node' | 'none' = 'none', agentReplies = 2) {
  const weather = tool(async ({ city }) => `sun in ${city}`, {
    name: 'weather',
    schema: z.object({ city: z.string() }),
  });
  const replies = [
    new AIMessage({ content: '', tool_calls: [CALL], usage_metadata: USAGE }),
    new AIMessage({ content: 'Sunny', usage_metadata: USAGE, response_metadata: { finish_reason: 'stop' } }),
    new AIMessage('You are welcome'),
  ];
  const model = new ScriptedModel(...replies.slice(0, agentReplies));
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('agent', async ({ messages }) => ({
      messages: [await model.invoke([new SystemMessage('Be kind.'), ...messages])],
    }))
    .addNode('tools', new ToolNode([weather]))
    .addNode('record', extra === 'node' ? createTraceNode({ agent: 'graph' }) : () => ({}))
    .addEdge(START, 'agent')
    .addConditionalEdges('agent', ({ messages }) =>
      (messages.at(-1) as AIMessage).tool_calls?.length ? 'tools' : 'record',
    )
    .addEdge('tools', 'agent')
    .addEdge('record', END);
  return graph.compile({ checkpointer: new MemorySaver() });
}

const ASK = { messages: [new HumanMessage('Weather in Rome?')] };
const thread = { configurable: { thread_id: 'thread-1' } };

describe('LangChain callback handler', () => {
  it('records a LangGraph run as one trace with nodes, models and tools', async () => {
    const recording = recordingFor();
    await weatherGraph().invoke(ASK, { ...thread, callbacks: [createLangChainHandler({ agent: 'helper' })] });
    const spans = await recording.spans();
    expect(recording.report().internalErrors).toBe(0);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === null);
    expect(roots.map(({ name }) => name)).toEqual(['invoke_agent helper']);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.every(({ parentSpanId }) => parentSpanId === null || ids.has(parentSpanId))).toBe(true);
    expect(new Set(spans.filter(({ kind }) => kind === 'phase').map(({ name }) => name))).toEqual(
      new Set(['agent', 'tools', 'record']),
    );
    const full = fullTraceOf(spans);
    expect(full).toMatchObject({ session_id: 'thread-1', system: ['Be kind.'], usage: { input: 16, reasoning: 2 } });
    const kinds = full?.events.filter((event) => event.type !== 'model_call').map((event) => event.type);
    expect(kinds).toEqual(['system', 'user', 'tool_call', 'tool_result', 'reply']);
    expect(full?.events).toContainEqual(
      expect.objectContaining({ type: 'tool_call', id: 'c1', name: 'weather', arguments: '{"city":"Rome"}' }),
    );
    expect(full?.events).toContainEqual(
      expect.objectContaining({ type: 'tool_result', id: 'c1', content: 'sun in Rome', isError: false }),
    );
  });

  it('belongs to the current trace where there is one', async () => {
    const recording = recordingFor();
    const chain = RunnableLambda.from((text: string) => text.toUpperCase()).pipe((text: string) => `${text}!`);
    const result = await trace('outer', () => chain.invoke('hi', { callbacks: [createLangChainHandler()] }));
    expect(result).toBe('HI!');
    const spans = await recording.spans();
    expect(spans.filter(({ parentSpanId }) => parentSpanId === null).map(({ name }) => name)).toEqual([
      'invoke_agent outer',
    ]);
  });

  it('records a failure on every span that it passed and leaves the error alone', async () => {
    const recording = recordingFor();
    const run = weatherGraph('none', 0).invoke(ASK, { ...thread, callbacks: [createLangChainHandler()] });
    await expect(run).rejects.toThrow('the model is down');
    const failed = (await recording.spans()).filter(({ status }) => status === 'error');
    expect(failed.map(({ kind }) => kind)).toEqual(['model', 'phase', 'agent']);
  });

  it('costs the graph nothing while tracing is off', async () => {
    const { messages } = await weatherGraph().invoke(ASK, { ...thread, callbacks: [createLangChainHandler()] });
    expect(messages.at(-1)?.content).toBe('Sunny');
  });
});

describe('LangGraph trace node', () => {
  it('records each turn of a thread once, although it is shown the whole state every time', async () => {
    const recording = recordingFor();
    const graph = weatherGraph('node', 3);
    await graph.invoke(ASK, thread);
    await graph.invoke({ messages: [new HumanMessage('Thanks')] }, thread);
    const spans = await recording.spans();
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === null);
    expect(roots).toHaveLength(2);
    const events = roots.map((root) =>
      fullTraceOf(spans.filter(({ traceId }) => traceId === root.traceId))
        ?.events.map((event) => event.type)
        .filter((type) => type !== 'model_call'),
    );
    expect(events).toEqual([
      ['user', 'tool_call', 'tool_result', 'reply'],
      ['user', 'reply'],
    ]);
    expect(roots[0]?.attributes['gen_ai.conversation.id']).toBe('thread-1');
  });
});

describe('LangChain messages', () => {
  it('read the same live and as they are stored', () => {
    const live = new AIMessage({ content: 'Let me see', tool_calls: [CALL] });
    const [stored] = mapChatMessagesToStoredMessages([live]);
    const expected = {
      role: 'assistant',
      parts: [
        { type: 'text', content: 'Let me see' },
        { type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'Rome' } },
      ],
    };
    expect(langchainMessage(live)).toEqual(expected);
    expect(langchainMessage(JSON.parse(JSON.stringify(live)))).toEqual(expected);
    expect(langchainMessage({ type: stored?.type, ...stored?.data })).toEqual(expected);
    expect(langchainMessage({ role: 'user', content: 'hi' })).toEqual({
      role: 'user',
      parts: [{ type: 'text', content: 'hi' }],
    });
  });
});
