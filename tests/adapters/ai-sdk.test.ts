import { trace as otel, ROOT_CONTEXT } from '@opentelemetry/api';
import { generateText, jsonSchema, simulateReadableStream, stepCountIs, streamText, tool } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import { describe, expect, it, vi } from 'vitest';
import { createAiSdkTracer } from '../../src/traces/adapters/ai-sdk.ts';
import { fullTraceOf } from '../../src/traces/full-trace.ts';
import { trace } from '../../src/traces/tracing.ts';
import { recordingFor } from '../traces/recording.ts';

const usage = {
  inputTokens: { total: 7, noCache: 5, cacheRead: 2, cacheWrite: 0 },
  outputTokens: { total: 3, text: 2, reasoning: 1 },
};

function finish(unified: 'stop' | 'tool-calls') {
  return { unified, raw: unified } as const;
}

const weather = tool({
  description: 'Weather',
  inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
  execute: async ({ city }) => {
    if (city === 'Atlantis') throw new Error('no such city');
    return `sun in ${city}`;
  },
});

function toolModel(city = 'Rome') {
  let call = 0;
  return new MockLanguageModelV3({
    modelId: 'mock-1',
    provider: 'mock',
    doGenerate: async () => {
      call += 1;
      return call === 1
        ? {
            content: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: JSON.stringify({ city }) }],
            finishReason: finish('tool-calls'),
            usage,
            warnings: [],
          }
        : { content: [{ type: 'text', text: 'Sunny' }], finishReason: finish('stop'), usage, warnings: [] };
    },
  });
}

function telemetry() {
  const tracer = createAiSdkTracer();
  const metadata = { sessionId: 's-1', userId: 'u-1' };
  return { isEnabled: true, tracer: tracer as never, functionId: 'helper', metadata };
}

const kinds = (full: ReturnType<typeof fullTraceOf>) =>
  full?.events.filter(({ type }) => type !== 'model_call').map(({ type }) => type);

describe('AI SDK tracer', () => {
  it('records generateText with tools as one trace in GenAI terms', async () => {
    const recording = recordingFor();
    const { text } = await generateText({
      model: toolModel(),
      system: 'Be kind.',
      prompt: 'Weather in Rome?',
      tools: { weather },
      stopWhen: stepCountIs(3),
      experimental_telemetry: telemetry(),
    });
    expect(text).toBe('Sunny');
    const spans = await recording.spans();
    expect(recording.report().internalErrors).toBe(0);
    const root = spans.find(({ parentSpanId }) => parentSpanId === null);
    expect(root).toMatchObject({ name: 'invoke_agent helper', kind: 'agent' });
    expect(spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId).map(({ kind }) => kind)).toEqual([
      'model',
      'tool',
      'model',
    ]);
    const full = fullTraceOf(spans);
    expect(full).toMatchObject({ session_id: 's-1', system: ['Be kind.'], usage: { input: 14, output: 6 } });
    expect(full?.tools[0]?.function).toMatchObject({ name: 'weather', description: 'Weather' });
    expect(kinds(full)).toEqual(['system', 'user', 'tool_call', 'tool_result', 'reply']);
    expect(full?.events).toContainEqual(
      expect.objectContaining({ type: 'tool_result', content: 'sun in Rome', isError: false }),
    );
    expect(JSON.stringify(spans)).not.toContain('"ai.prompt');
    expect(root?.attributes['user.id']).toBe('u-1');
  });

  it('records streamText once the stream has been read', async () => {
    const recording = recordingFor();
    const model = new MockLanguageModelV3({
      modelId: 'mock-1',
      doStream: async () => ({
        stream: simulateReadableStream({
          chunks: [
            { type: 'text-start' as const, id: '1' },
            { type: 'text-delta' as const, id: '1', delta: 'Sun' },
            { type: 'text-delta' as const, id: '1', delta: 'ny' },
            { type: 'text-end' as const, id: '1' },
            { type: 'finish' as const, finishReason: finish('stop'), usage },
          ],
        }),
      }),
    });
    const stream = streamText({ model, prompt: 'Weather?', experimental_telemetry: telemetry() });
    expect(await stream.text).toBe('Sunny');
    // The SDK ends its outer span after it has resolved the text.
    await vi.waitFor(async () => expect(await recording.spans()).toHaveLength(2));
    const spans = await recording.spans();
    expect(spans.map(({ kind }) => kind)).toEqual(['model', 'agent']);
    expect(spans[0]?.parentSpanId).toBe(spans[1]?.spanId);
    expect(kinds(fullTraceOf(spans))).toEqual(['user', 'reply']);
  });

  it('marks a failed tool and a failed model, and leaves errors alone', async () => {
    const recording = recordingFor();
    await trace('outer', () =>
      generateText({
        model: toolModel('Atlantis'),
        prompt: 'Weather?',
        tools: { weather },
        stopWhen: stepCountIs(3),
        experimental_telemetry: telemetry(),
      }),
    );
    const spans = await recording.spans();
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(fullTraceOf(spans)?.events).toContainEqual(
      expect.objectContaining({ type: 'tool_result', isError: true, content: expect.stringContaining('no such city') }),
    );
    const down = new MockLanguageModelV3({
      doGenerate: async () => {
        throw new Error('the model is down');
      },
    });
    const failing = generateText({ model: down, prompt: 'x', maxRetries: 0, experimental_telemetry: telemetry() });
    await expect(failing).rejects.toThrow('the model is down');
    const failed = (await recording.spans()).filter(({ statusMessage }) => statusMessage === 'the model is down');
    expect(failed.map(({ kind }) => kind)).toEqual(['model', 'agent']);
  });

  it('records no content when content is off', async () => {
    const recording = recordingFor({ content: 'none' });
    await generateText({
      model: toolModel(),
      prompt: 'Weather in Rome?',
      tools: { weather },
      stopWhen: stepCountIs(3),
      experimental_telemetry: telemetry(),
    });
    const text = JSON.stringify(await recording.spans());
    expect(text).not.toContain('Rome');
    expect(text).not.toContain('Sunny');
  });

  it('follows the OpenTelemetry context that AI SDK 7 names parents by, and no other tracer', async () => {
    const recording = recordingFor();
    const tracer = createAiSdkTracer();
    const root = tracer.startSpan('turn');
    const below = otel.setSpan(ROOT_CONTEXT, root as never);
    const chat = tracer.startSpan('step 1', {}, below);
    tracer.startActiveSpan('lookup', {}, otel.setSpan(ROOT_CONTEXT, chat as never), (span: typeof chat) => span.end());
    const foreign = {
      ...chat,
      spanContext: () => ({ traceId: 'f'.repeat(32), spanId: 'f'.repeat(16), traceFlags: 1 }),
    };
    tracer.startSpan('other', {}, otel.setSpan(ROOT_CONTEXT, foreign as never)).end();
    chat.end();
    root.end();
    const spans = await recording.spans();
    const parentOf = (name: string) => spans.find((span) => span.name === name)?.parentSpanId;
    expect(parentOf('step 1')).toBe(root.spanContext().spanId);
    expect(parentOf('lookup')).toBe(chat.spanContext().spanId);
    expect(parentOf('other')).toBe(null);
    expect(recording.report().internalErrors).toBe(0);
  });
});
