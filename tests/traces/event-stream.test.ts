import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../src/core/trace.ts';
import { createEventStream } from '../../src/traces/event-stream.ts';
import { feedback } from '../../src/traces/feedback.ts';
import { fullTraceOf, parseFullTrace } from '../../src/traces/full-trace.ts';
import { spansOf } from '../../src/traces/shared/rollout-spans.ts';
import { trace } from '../../src/traces/tracing.ts';
import { toolRollout } from './helpers.ts';
import { recordingFor } from './recording.ts';

/** The spans of a rollout in the order in which a live agent would have ended them. */
function ended(): readonly Span[] {
  const [root, ...children] = spansOf(toolRollout());
  return root === undefined ? [] : [...children, root];
}

describe('full trace', () => {
  it('gives back what went into the spans: every fact of the rollout, in order, once', () => {
    const { rollout } = toolRollout();
    const full = fullTraceOf(ended());
    const told = (events: readonly { readonly type: string }[]) =>
      events.map((event) => {
        const { at: _at, spanId: _spanId, startedAt: _startedAt, ...fact } = event as Record<string, unknown>;
        return fact;
      });
    expect(told(full?.events ?? [])).toEqual(told(rollout.events));
    expect(full).toMatchObject({
      trace_id: rollout.traceId,
      models: ['gpt-x'],
      system: ['You are kind.'],
      usage: { input: 20, output: 10 },
      duration_ms: 310,
    });
    expect(full?.tools.map((tool) => tool.function.name)).toEqual(['weather']);
  });

  it('is the same for spans in any order', () => {
    const spans = ended();
    const expected = fullTraceOf(spans);
    fc.assert(
      fc.property(fc.shuffledSubarray([...spans], { minLength: spans.length }), (shuffled) => {
        expect(fullTraceOf(shuffled)).toEqual(expected);
      }),
    );
    expect(fullTraceOf([])).toBeUndefined();
  });

  it('survives attributes of any shape', () => {
    const [first] = ended();
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (input, output) => {
        for (const [a, b] of [
          [input, output],
          [JSON.stringify(input), JSON.stringify(output)],
        ]) {
          const attributes = {
            'gen_ai.input.messages': a,
            'gen_ai.output.messages': b,
            'gen_ai.system_instructions': a,
          };
          expect(fullTraceOf([{ ...(first as Span), attributes: attributes as Span['attributes'] }])).toBeDefined();
        }
      }),
    );
  });

  it('is read back from JSON, and refused when it is of a later version or something else', () => {
    const full = fullTraceOf(ended());
    expect(parseFullTrace(JSON.parse(JSON.stringify(full)))).toEqual(full);
    expect(() => parseFullTrace({ ...full, schema_version: 2 })).toThrow(/version 2/);
    expect(() => parseFullTrace([])).toThrow(/not a full trace/);
  });
});

describe('event stream', () => {
  it('tells a trace from run_started to run_completed with each fact once', () => {
    const stream = createEventStream('t-1');
    const events = ended().flatMap((span) => stream.push(span));
    expect(events.map(({ idx }) => idx)).toEqual(events.map((_, index) => index));
    expect(events.map(({ event_type, payload }) => payload.phase ?? payload.role ?? event_type)).toEqual([
      'run_started',
      'system',
      'user',
      'assistant',
      'user',
      'model_call',
      'assistant',
      'tool_call',
      'tool_call',
      'tool_result',
      'tool_result',
      'model_call',
      'assistant',
      'final_report',
      'run_completed',
    ]);
    expect(events.find(({ event_type }) => event_type === 'final_report')?.payload.answer).toBe('Paris: 18 °C.');
    expect(stream.summary()).toMatchObject({
      status: 'ok',
      model_calls: 2,
      tool_calls: 2,
      tool_errors: 1,
      usage: { input: 20 },
      events: 15,
    });
  });

  it('holds previews and hashes instead of content on request', () => {
    const stream = createEventStream('t-1', 'preview');
    const text = JSON.stringify(ended().flatMap((span) => stream.push(span)));
    expect(text).toContain('content_sha256');
    expect(text).not.toContain('"content":"You');
    expect(text).not.toContain('"arguments":"');
  });

  it('takes feedback that comes after the end', async () => {
    const recording = recordingFor();
    const traceId = trace('a', (root) => root.traceId);
    feedback(traceId, { thumbs: 'up' });
    const stream = createEventStream(traceId);
    const events = (await recording.spans()).flatMap((span) => stream.push(span));
    expect(events.at(-1)).toMatchObject({ event_type: 'phase', payload: { phase: 'feedback', rating: 1 } });
    expect(events.filter(({ event_type }) => event_type === 'run_completed')).toHaveLength(1);
  });
});
