import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../src/core/trace.ts';
import { fullTraceOf } from '../../src/traces/full-trace.ts';
import { wrapOpenAI } from '../../src/traces/openai/wrap.ts';
import { assembleTrace } from '../../src/traces/shared/conventions/assemble.ts';
import { session } from '../../src/traces/state.ts';
import { span, trace } from '../../src/traces/tracing.ts';
import { type Answer, chunk, completion, json, scriptedServer, sse, TOOL_CALL } from './openai-server.ts';
import { recordingFor } from './recording.ts';

const HELLO = { role: 'user', content: 'Weather in Rome?' } as const;

async function clients(...answers: readonly Answer[]) {
  const { url, bodies } = await scriptedServer(...answers);
  const options = { apiKey: 'sk-test', baseURL: url, maxRetries: 0 };
  return { plain: new OpenAI(options), wrapped: wrapOpenAI(new OpenAI(options)), bodies };
}

function outputOf(span: Span | undefined): { role: string; finish_reason: string; parts: object[] }[] {
  return JSON.parse(String(span?.attributes['gen_ai.output.messages']));
}

describe('wrapOpenAI', () => {
  it('records a chat completion as a span of the current trace and returns the same as without it', async () => {
    const recording = recordingFor();
    const { plain, wrapped } = await clients(json(completion({ content: 'Sunny', reasoning_content: 'hm' })));
    const request = {
      model: 'gpt-x',
      temperature: 0.2,
      messages: [{ role: 'system', content: 'Be kind.' }, HELLO],
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    } satisfies OpenAI.ChatCompletionCreateParamsNonStreaming;
    const reply = await trace('a', () => wrapped.chat.completions.create(request));
    expect(reply).toEqual(await plain.chat.completions.create(request));
    expect(reply._request_id).toBe('req-1');
    const [call, root] = await recording.spans();
    expect(call).toMatchObject({ name: 'chat gpt-x', kind: 'model', status: 'ok', parentSpanId: root?.spanId });
    expect(call?.attributes).toMatchObject({
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-x',
      'gen_ai.request.temperature': 0.2,
      'gen_ai.response.model': 'gpt-x-2026',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.usage.cache_read.input_tokens': 4,
      'gen_ai.usage.reasoning.output_tokens': 3,
      'server.address': '127.0.0.1',
      'gen_ai.system_instructions': '[{"type":"text","content":"Be kind."}]',
    });
    expect(outputOf(call)).toEqual([
      {
        role: 'assistant',
        finish_reason: 'stop',
        parts: [
          { type: 'reasoning', content: 'hm' },
          { type: 'text', content: 'Sunny' },
        ],
      },
    ]);
  });

  it('puts a streamed reply together, tool calls in pieces included, and yields every chunk', async () => {
    const recording = recordingFor();
    const chunks = [
      chunk({ role: 'assistant', content: 'Let me ' }),
      chunk({ content: 'see' }),
      chunk({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Rome"}' } }] }),
      chunk({}, 'tool_calls'),
      { ...chunk({}), choices: [], usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 } },
    ];
    const { wrapped } = await clients(sse(chunks));
    const seen: unknown[] = [];
    await trace('a', async () => {
      const stream = await wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO], stream: true });
      for await (const part of stream) seen.push(part);
    });
    expect(seen).toEqual(chunks);
    const [call] = await recording.spans();
    expect(outputOf(call)[0]?.parts).toEqual([
      { type: 'text', content: 'Let me see' },
      { type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'Rome' } },
    ]);
    expect(call?.attributes).toMatchObject({ 'gen_ai.request.stream': true, 'gen_ai.usage.output_tokens': 6 });
    expect(call?.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThanOrEqual(0);
  });

  it('records what arrived of a stream that the agent leaves early', async () => {
    const recording = recordingFor();
    const { wrapped } = await clients(sse([chunk({ content: 'one' }), chunk({ content: 'two' }), chunk({}, 'stop')]));
    const stream = await wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO], stream: true });
    for await (const part of stream) {
      expect(part.choices[0]?.delta.content).toBe('one');
      break;
    }
    const call = (await recording.spans()).find(({ kind }) => kind === 'model');
    expect(outputOf(call)[0]?.parts).toEqual([{ type: 'text', content: 'one' }]);
    expect(call?.attributes['apo.stream.broken_off']).toBe(true);
  });

  it('knows a stream that ends without a finish reason, as cut connections do, from one that is whole', async () => {
    for (const [chunks, isBroken] of [
      [[chunk({ content: 'Hal' })], true],
      [[chunk({ content: 'Hallo' }), chunk({}, 'stop')], undefined],
    ] as const) {
      const recording = recordingFor();
      const { wrapped } = await clients(sse([...chunks]));
      const stream = await wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO], stream: true });
      for await (const _ of stream);
      const call = (await recording.spans()).find(({ kind }) => kind === 'model');
      expect(call?.attributes['apo.stream.broken_off']).toBe(isBroken);
    }
  });

  it('works through stream(), parse(), tee() and withResponse()', async () => {
    const recording = recordingFor();
    const parts = [chunk({ role: 'assistant', content: 'Hi' }), chunk({}, 'stop')];
    const { wrapped } = await clients(
      sse(parts),
      json(completion({ content: '{"a":1}' })),
      sse(parts),
      json(completion({ content: 'x' })),
    );
    const body = { model: 'gpt-x', messages: [HELLO] };
    expect(await wrapped.chat.completions.stream(body).finalContent()).toBe('Hi');
    expect((await wrapped.chat.completions.parse(body)).choices[0]?.message.content).toBe('{"a":1}');
    const [left, right] = (await wrapped.chat.completions.create({ ...body, stream: true })).tee();
    const count = async (stream: AsyncIterable<unknown>) => {
      let total = 0;
      for await (const _ of stream) total += 1;
      return total;
    };
    expect(await Promise.all([count(left), count(right)])).toEqual([2, 2]);
    const { data, response } = await wrapped.chat.completions.create(body).withResponse();
    expect([data.choices[0]?.message.content, response.status]).toEqual(['x', 200]);
    const calls = (await recording.spans()).filter(({ kind }) => kind === 'model');
    expect(calls.map((call) => outputOf(call)[0]?.parts)).toEqual(
      ['Hi', '{"a":1}', 'Hi', 'x'].map((content) => [{ type: 'text', content }]),
    );
  });

  it('leaves a raw response for the agent to read', async () => {
    const recording = recordingFor();
    const { wrapped } = await clients(json(completion({ content: 'raw' })));
    const response = await wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO] }).asResponse();
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'raw' } }] });
    expect((await recording.spans()).filter(({ kind }) => kind === 'model')).toHaveLength(1);
  });

  it('records an error with its status and passes the same error on', async () => {
    const recording = recordingFor();
    const { wrapped } = await clients(json({ error: { message: 'slow down', type: 'rate_limit' } }, 429));
    const call = () => wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO] });
    await expect(call()).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const spans = await recording.spans();
    expect(spans.map(({ kind, status }) => [kind, status])).toEqual([
      ['model', 'error'],
      ['agent', 'error'],
    ]);
    expect(spans[0]?.attributes['error.type']).toBe('429');
    expect(spans[0]?.statusMessage).toContain('slow down');
  });

  it('records a stream that breaks', async () => {
    const recording = recordingFor();
    const { wrapped } = await clients(sse([chunk({ content: 'Hal' })], { cut: true }));
    const stream = await wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO], stream: true });
    await expect(
      (async () => {
        for await (const _ of stream);
      })(),
    ).rejects.toThrow();
    const spans = await recording.spans();
    const call = spans.find(({ kind }) => kind === 'model');
    expect(call?.status).toBe('error');
    expect(call?.attributes).toMatchObject({ 'gen_ai.response.model': 'gpt-x-2026', 'apo.stream.broken_off': true });
    expect(assembleTrace(spans).events.map((event) => ('content' in event ? event.content : event.type))).toEqual([
      HELLO.content,
      'model_call',
      'Hal',
      'error',
    ]);
  });

  it('opens a trace for a new user message and ends it with the final reply', async () => {
    const recording = recordingFor();
    const { wrapped } = await clients(
      json(completion({ tool_calls: [TOOL_CALL] }, 'tool_calls')),
      json(completion({ content: 'Sunny' })),
      json(completion({ content: 'You are welcome' })),
    );
    const messages: OpenAI.ChatCompletionMessageParam[] = [HELLO];
    await session('s-1', async () => {
      for (const next of [
        { role: 'tool', tool_call_id: 'c1', content: 'sun' },
        { role: 'user', content: 'Thanks' },
      ] as const) {
        const { choices } = await wrapped.chat.completions.create({ model: 'gpt-x', messages });
        if (next.role === 'tool') span.tool('weather', () => 'sun', { id: 'c1' });
        messages.push(choices[0]?.message ?? next, next);
      }
      await wrapped.chat.completions.create({ model: 'gpt-x', messages });
    });
    const spans = await recording.spans();
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === null);
    expect(roots).toHaveLength(2);
    const [first, second] = roots.map((root) => spans.filter(({ traceId }) => traceId === root.traceId));
    expect([first?.length, second?.length]).toEqual([4, 2]);
    expect(new Set(spans.map(({ attributes }) => attributes['gen_ai.conversation.id']))).toEqual(new Set(['s-1']));
    const full = fullTraceOf(first ?? []);
    expect(full?.events.map((event) => event.type)).toEqual([
      'user',
      'model_call',
      'tool_call',
      'tool_result',
      'model_call',
      'reply',
    ]);
    expect(outputOf(roots[0])[0]?.parts).toEqual([{ type: 'text', content: 'Sunny' }]);
    expect(JSON.parse(String(roots[1]?.attributes['gen_ai.input.messages']))[0].parts[0].content).toBe('Thanks');
  });

  it('keeps two users who ask the same at the same time apart', async () => {
    const recording = recordingFor();
    const { wrapped } = await clients(json(completion({ content: 'Sunny' })));
    const ask = () => wrapped.chat.completions.create({ model: 'gpt-x', messages: [HELLO] });
    await Promise.all([ask(), ask()]);
    const spans = await recording.spans();
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2);
    expect(spans).toHaveLength(4);
  });

  it('records responses, their tools and their continuation by id', async () => {
    const recording = recordingFor();
    const reply = (id: string, output: readonly object[]) => ({
      id,
      object: 'response',
      model: 'gpt-x-2026',
      status: 'completed',
      output,
      usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12, output_tokens_details: { reasoning_tokens: 2 } },
    });
    const call = { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"city":"Rome"}', id: 'fc1' };
    const text = {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Sunny', annotations: [] }],
    };
    const thinking = { type: 'reasoning', id: 'rs1', summary: [{ type: 'summary_text', text: 'hm' }] };
    const done = reply('r2', [text]);
    const { wrapped } = await clients(
      json(reply('r1', [thinking, call])),
      sse(
        [
          { type: 'response.created', response: { id: 'r2' } },
          { type: 'response.completed', response: done },
        ],
        { named: true },
      ),
    );
    const first = await wrapped.responses.create({ model: 'gpt-x', instructions: 'Be kind.', input: 'Weather?' });
    expect(first.output_text).toBe('');
    const stream = await wrapped.responses.create({
      model: 'gpt-x',
      previous_response_id: 'r1',
      input: [{ type: 'function_call_output', call_id: 'c1', output: 'sun' }],
      stream: true,
    });
    for await (const _ of stream);
    const spans = await recording.spans();
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const full = fullTraceOf(spans);
    expect(full).toMatchObject({ system: ['Be kind.'], models: ['gpt-x-2026'], usage: { input: 18, reasoning: 4 } });
    expect(full?.events[3]).toMatchObject({ type: 'thinking', content: 'hm', isSummary: true });
    expect(full?.events.map((event) => event.type)).toEqual([
      'system',
      'user',
      'model_call',
      'thinking',
      'tool_call',
      'tool_result',
      'model_call',
      'reply',
    ]);
  });

  it('does nothing twice and nothing at all while tracing is off', async () => {
    const { wrapped } = await clients(json(completion({ content: 'Sunny' })));
    const again = wrapOpenAI(wrapOpenAI(wrapped));
    expect((await again.chat.completions.create({ model: 'gpt-x', messages: [HELLO] })).choices).toHaveLength(1);
    const recording = recordingFor();
    await again.withOptions({ timeout: 1000 }).chat.completions.create({ model: 'gpt-x', messages: [HELLO] });
    expect((await recording.spans()).filter(({ kind }) => kind === 'model')).toHaveLength(1);
  });
});
