import { describe, expect, it, vi } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { feedback } from '../../src/traces/feedback.ts';
import { fullTraceOf } from '../../src/traces/full-trace.ts';
import { continueTrace, session, traceparent } from '../../src/traces/state.ts';
import { currentTrace, span, trace } from '../../src/traces/tracing.ts';
import { memorySink, recordingFor } from './recording.ts';

describe('trace', () => {
  it('costs nothing and changes nothing when tracing is not configured', async () => {
    expect(trace('a', () => 1)).toBe(1);
    await expect(trace('a', async () => span.tool('t', async () => 'x'))).resolves.toBe('x');
    expect(traceparent()).toBeUndefined();
  });

  it('nests spans through asynchronous code, each trace with its own ids', async () => {
    const recording = recordingFor();
    const turn = (name: string) =>
      trace(name, async (root) => {
        root.input('hi');
        await span.phase('plan', async () => {
          await Promise.resolve();
          await span.tool('search', async () => ({ hits: 2 }), { id: 'c1', arguments: '{"q": 1}' });
        });
        root.output('bye');
      });
    await Promise.all([turn('one'), turn('two')]);
    const spans = await recording.spans();
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2);
    for (const name of ['one', 'two']) {
      const root = spans.find((candidate) => candidate.name === `invoke_agent ${name}`);
      const own = spans.filter(({ traceId }) => traceId === root?.traceId);
      const plan = own.find(({ kind }) => kind === 'phase');
      const tool = own.find(({ kind }) => kind === 'tool');
      expect(root?.parentSpanId).toBeNull();
      expect(plan?.parentSpanId).toBe(root?.spanId);
      expect(tool?.parentSpanId).toBe(plan?.spanId);
      expect(tool?.attributes).toMatchObject({
        'gen_ai.tool.call.id': 'c1',
        'gen_ai.tool.call.arguments': '{"q": 1}',
        'gen_ai.tool.call.result': '{"hits":2}',
      });
      expect(BigInt(root?.endNs ?? 0) >= BigInt(tool?.endNs ?? 1)).toBe(true);
      expect(root?.resource).toEqual({ 'service.name': 'test' });
    }
  });

  it('passes on what the function returns or throws, the very same promise included', async () => {
    const recording = recordingFor();
    const promise = Promise.resolve(7);
    expect(trace('a', () => promise)).toBe(promise);
    const failure = new TypeError('no');
    expect(() =>
      trace('b', () => {
        throw failure;
      }),
    ).toThrow(failure);
    await expect(trace('c', () => Promise.reject(failure))).rejects.toBe(failure);
    const spans = await recording.spans();
    const failed = spans.filter(({ status }) => status === 'error');
    expect(failed.map(({ statusMessage }) => statusMessage)).toEqual(['no', 'no']);
    expect(failed[0]?.attributes['error.type']).toBe('TypeError');
  });

  it('survives attributes that cannot be written', async () => {
    const recording = recordingFor();
    const circular: { [key: string]: Json } = {};
    circular.self = circular;
    expect(trace('a', () => span.tool('t', () => circular, { arguments: circular }))).toBe(circular);
    expect(trace('b', () => 1, { circular })).toBe(1);
    await recording.flush();
    expect(recording.report().internalErrors).toBeGreaterThan(0);
  });

  it('carries session, user and prompt to every span', async () => {
    const recording = recordingFor();
    session('s-1', () => trace('a', () => span.model('gpt', () => 1)), {
      userId: 'u-1',
      prompt: { name: 'support', version: 3 },
    });
    for (const { attributes } of await recording.spans()) {
      expect(attributes).toMatchObject({
        'gen_ai.conversation.id': 's-1',
        'user.id': 'u-1',
        'gen_ai.prompt.name': 'support',
        'gen_ai.prompt.version': '3',
      });
    }
  });

  it('continues a trace that came in by traceparent and sends its own on', async () => {
    const recording = recordingFor();
    const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    let sent: string | undefined;
    continueTrace(header, () =>
      trace('a', () => {
        sent = traceparent();
      }),
    );
    const [only] = await recording.spans();
    expect(only).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' });
    expect(sent).toBe(`00-${only?.traceId}-${only?.spanId}-01`);
  });

  it.each([
    undefined,
    '',
    'hello',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
  ])('ignores the traceparent %j', async (header) => {
    const recording = recordingFor();
    continueTrace(header, () => trace('a', () => undefined));
    expect((await recording.spans())[0]?.parentSpanId).toBeNull();
  });

  it('with an end rule stays open until the event', async () => {
    const recording = recordingFor();
    let later: (() => void) | undefined;
    trace('a', (root) => (later = () => root.event('delivered')), {}, { end: { event: 'delivered' } });
    expect(await recording.spans()).toHaveLength(0);
    later?.();
    expect((await recording.spans())[0]?.events[0]?.name).toBe('delivered');
  });

  it('with an end rule ends at the timeout when the event never comes', async () => {
    vi.useFakeTimers();
    try {
      const recording = recordingFor({ sinks: [] });
      trace('a', () => undefined, {}, { end: { event: 'never', timeoutMs: 5_000 } });
      vi.advanceTimersByTime(4_999);
      expect(recording.report().recorded).toBe(0);
      vi.advanceTimersByTime(1);
      expect(recording.report().recorded).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves content out, or shortens it, on request', async () => {
    const secret = 'x'.repeat(300);
    const turn = () =>
      trace('a', (root) => {
        root.input(secret);
        span.tool('t', () => secret, { arguments: { secret } });
      });
    const none = recordingFor({ content: 'none' });
    turn();
    expect(JSON.stringify(await none.spans())).not.toContain('xxx');
    await none.close();
    const sink = memorySink();
    const short = recordingFor({ content: 'preview', sinks: [sink] });
    turn();
    await short.flush();
    const text = JSON.stringify(sink.spans);
    expect(text).toContain('sha256');
    expect(text).not.toContain('x'.repeat(201));
    const [input] = JSON.parse(String(sink.spans[1]?.attributes['gen_ai.input.messages']));
    expect(input.role).toBe('user');
  });

  it('redacts each text before a sink sees it and keeps JSON valid', async () => {
    const sink = memorySink();
    const recording = recordingFor({ sinks: [sink], redact: (text) => text.replaceAll('bob@x.io', '<EMAIL_1>') });
    const turn = () =>
      trace(
        'a',
        (root) => {
          root.input('I am "bob@x.io"');
          const send = () => {
            throw new Error('no such user bob@x.io');
          };
          span.tool('mail', send, { arguments: '{"to":"bob@x.io"}' });
        },
        { note: 'bob@x.io' },
      );
    expect(turn).toThrow('bob@x.io');
    await recording.flush();
    expect(JSON.stringify(sink.spans)).not.toContain('bob@x.io');
    const [tool, root] = sink.spans;
    expect(JSON.parse(String(tool?.attributes['gen_ai.tool.call.arguments']))).toEqual({ to: '<EMAIL_1>' });
    expect(JSON.parse(String(root?.attributes['gen_ai.input.messages']))[0].parts[0].content).toBe('I am "<EMAIL_1>"');
  });

  it('attaches feedback to a trace at any later time', async () => {
    const recording = recordingFor();
    const traceId = trace('a', (root) => {
      root.input('2+2?');
      root.output('5');
      return currentTrace()?.traceId ?? '';
    });
    expect(feedback(traceId, { thumbs: 'down', comment: 'wrong', correction: '4' })).toBe(true);
    expect(feedback(traceId, { rating: 4, of: 5 })).toBe(true);
    expect(feedback(traceId, { stars: 4 })).toBe(true);
    const spans = await recording.spans();
    expect(spans[1]?.events[0]).toMatchObject({
      name: 'gen_ai.evaluation.result',
      attributes: { 'gen_ai.evaluation.name': 'user_feedback', 'gen_ai.evaluation.score.value': 0 },
    });
    const full = fullTraceOf(spans.filter((candidate) => candidate.traceId === traceId));
    expect(full?.name).toBe('invoke_agent a');
    expect(full?.feedback).toEqual([
      expect.objectContaining({ rating: 0, comment: 'wrong', correction: '4' }),
      expect.objectContaining({ rating: 0.8 }),
      expect.objectContaining({ rating: 0.75 }),
    ]);
    expect(spans.at(-1)?.events[0]?.attributes).toMatchObject({ 'gen_ai.evaluation.score.label': '4' });
  });

  it('refuses feedback without a value, out of range, or for an id that is none', () => {
    recordingFor();
    const id = 'a'.repeat(32);
    expect(feedback(id, {})).toBe(false);
    expect(feedback(id, { rating: 7 })).toBe(false);
    expect(feedback(id, { stars: 0 })).toBe(false);
    expect(feedback(id, { stars: 6 })).toBe(false);
    expect(feedback(id, { rating: Number.NaN })).toBe(false);
    expect(feedback(id, null as never)).toBe(false);
    expect(feedback('nope', { thumbs: 'up' })).toBe(false);
  });
});
