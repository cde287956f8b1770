import { Agent, BatchTraceProcessor, Runner, setTraceProcessors, setTracingDisabled, tool } from '@openai/agents-core';
import { OpenAIChatCompletionsModel, OpenAIResponsesModel } from '@openai/agents-openai';
import OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createAgentsExporter, createAgentsProcessor } from '../../src/traces/adapters/openai-agents.ts';
import { fullTraceOf } from '../../src/traces/full-trace.ts';
import { type Answer, completion, json, scriptedServer, TOOL_CALL } from '../traces/openai-server.ts';
import { recordingFor } from '../traces/recording.ts';

beforeEach(() => setTracingDisabled(false));
afterAll(() => setTraceProcessors([]));

const weather = tool({
  name: 'weather',
  description: 'Weather',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => `sun in ${city}`,
});

async function clientFor(...answers: readonly Answer[]): Promise<OpenAI> {
  const { url } = await scriptedServer(...answers);
  return new OpenAI({ apiKey: 'sk-test', baseURL: url, maxRetries: 0 });
}

const chatAnswers = [
  json(completion({ tool_calls: [TOOL_CALL] }, 'tool_calls')),
  json(completion({ content: 'Sunny' })),
] as const;

function agentWith(model: OpenAIChatCompletionsModel | OpenAIResponsesModel) {
  return new Agent({ name: 'helper', instructions: 'Be kind.', model, tools: [weather] });
}

const runner = new Runner({ workflowName: 'support', groupId: 's-1' });

function responseOf(id: string, output: readonly object[]): object {
  return {
    id,
    object: 'response',
    model: 'gpt-x-2026',
    status: 'completed',
    instructions: 'Be kind.',
    output,
    usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 },
  };
}

describe('openai-agents processor', () => {
  it.each([
    [
      'chat completions',
      async () => new OpenAIChatCompletionsModel((await clientFor(...chatAnswers)) as never, 'gpt-x'),
      { input: 24, output: 14 },
    ],
    [
      'responses',
      async () =>
        new OpenAIResponsesModel(
          (await clientFor(
            json(
              responseOf('r1', [
                {
                  type: 'function_call',
                  id: 'fc1',
                  call_id: 'c1',
                  name: 'weather',
                  arguments: '{"city":"Rome"}',
                  status: 'completed',
                },
              ]),
            ),
            json(
              responseOf('r2', [
                {
                  type: 'message',
                  id: 'm1',
                  role: 'assistant',
                  status: 'completed',
                  content: [{ type: 'output_text', text: 'Sunny', annotations: [] }],
                },
              ]),
            ),
          )) as never,
          'gpt-x',
        ),
      { input: 18, output: 6 },
    ],
  ])('records an agent run over %s as one trace', async (_name, createModel, usage) => {
    const recording = recordingFor();
    setTraceProcessors([createAgentsProcessor()]);
    const result = await runner.run(agentWith(await createModel()), 'Weather in Rome?');
    expect(result.finalOutput).toBe('Sunny');
    const spans = await recording.spans();
    expect(recording.report().internalErrors).toBe(0);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter(({ parentSpanId }) => parentSpanId === null).map(({ name }) => name)).toEqual([
      'invoke_agent support',
    ]);
    expect(spans.every(({ parentSpanId }) => parentSpanId === null || ids.has(parentSpanId))).toBe(true);
    expect(spans.filter(({ kind }) => kind === 'tool').map(({ name }) => name)).toEqual(['execute_tool weather']);
    const full = fullTraceOf(spans);
    expect(full).toMatchObject({ session_id: 's-1', system: ['Be kind.'], usage });
    expect(full?.events.filter(({ type }) => type !== 'model_call').map(({ type }) => type)).toEqual([
      'system',
      'user',
      'tool_call',
      'tool_result',
      'reply',
    ]);
    expect(full?.events).toContainEqual(expect.objectContaining({ type: 'tool_result', content: 'sun in Rome' }));
  });

  it('marks what failed', async () => {
    const recording = recordingFor();
    setTraceProcessors([createAgentsProcessor()]);
    const model = new OpenAIChatCompletionsModel(
      (await clientFor(json({ error: { message: 'down' } }, 500))) as never,
      'x',
    );
    await expect(runner.run(agentWith(model), 'Weather?')).rejects.toThrow();
    expect((await recording.spans()).some(({ status }) => status === 'error')).toBe(true);
  });
});

describe('openai-agents exporter', () => {
  it('does the same behind the batch processor of the package', async () => {
    const recording = recordingFor();
    const processor = new BatchTraceProcessor(createAgentsExporter());
    setTraceProcessors([processor]);
    const model = new OpenAIChatCompletionsModel((await clientFor(...chatAnswers)) as never, 'gpt-x');
    await runner.run(agentWith(model), 'Weather in Rome?');
    await processor.forceFlush();
    const spans = await recording.spans();
    expect(spans.filter(({ parentSpanId }) => parentSpanId === null)).toHaveLength(1);
    expect(fullTraceOf(spans)?.events.some(({ type }) => type === 'reply')).toBe(true);
    await processor.shutdown(100);
  });
});
