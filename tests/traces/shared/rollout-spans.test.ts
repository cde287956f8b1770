import { describe, expect, it } from 'vitest';
import { isSpanId, isTraceId } from '../../../src/traces/shared/ids.ts';
import { spansOf } from '../../../src/traces/shared/rollout-spans.ts';
import { toolRollout } from '../helpers.ts';

describe('spans of a rollout', () => {
  it('form one tree: the agent as root, model turns and tool executions as its children', () => {
    const spans = spansOf(toolRollout());
    expect(spans.map((span) => span.name)).toEqual([
      'invoke_agent agent',
      'chat gpt-x',
      'execute_tool weather',
      'execute_tool weather',
      'chat gpt-x',
    ]);
    const [root, ...children] = spans;
    expect(root?.parentSpanId).toBeNull();
    expect(new Set(children.map((span) => span.parentSpanId))).toEqual(new Set([root?.spanId]));
    expect(new Set(spans.map((span) => span.spanId)).size).toBe(5);
    expect(spans.every((span) => isTraceId(span.traceId) && isSpanId(span.spanId))).toBe(true);
  });

  it('are the same on every call and differ between runs', () => {
    expect(spansOf(toolRollout())).toEqual(spansOf(toolRollout()));
    expect(spansOf(toolRollout('run-2'))[0]?.traceId).not.toBe(spansOf(toolRollout('run-1'))[0]?.traceId);
  });

  it('name the prompt and its version on each model span, with usage and model', () => {
    const chats = spansOf(toolRollout(), { promptName: 'support', promptVersion: '7' }).filter(
      (span) => span.kind === 'model',
    );
    expect(chats).toHaveLength(2);
    for (const { attributes } of chats) {
      expect(attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.prompt.name': 'support',
        'gen_ai.prompt.version': '7',
        'gen_ai.request.model': 'gpt-x',
        'gen_ai.usage.input_tokens': 10,
      });
      expect(JSON.parse(String(attributes['gen_ai.tool.definitions']))[0].name).toBe('weather');
      expect(JSON.parse(String(attributes['gen_ai.system_instructions']))).toEqual([
        { type: 'text', content: 'You are kind.' },
      ]);
    }
  });

  it('carry the whole conversation, raw arguments and error flags included', () => {
    const [, first, , , second] = spansOf(toolRollout());
    const output = JSON.parse(String(first?.attributes['gen_ai.output.messages']));
    expect(output).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'I need the tool.' },
          { type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'Paris' } },
          { type: 'tool_call', id: 'c2', name: 'weather', arguments: '{"city": "Rome"' },
        ],
        finish_reason: 'tool_calls',
      },
    ]);
    const input = JSON.parse(String(second?.attributes['gen_ai.input.messages']));
    expect(input.map((message: { role: string }) => message.role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'tool',
      'tool',
    ]);
    expect(input[5].parts[0]).toEqual({
      type: 'tool_call_response',
      id: 'c2',
      response: 'arguments are not JSON',
      is_error: true,
      replayed: true,
    });
  });

  it('have the recorded times: a tool runs from its start, or from its call, to its result', () => {
    const [root, first, tool, replayed] = spansOf(toolRollout());
    const start = BigInt(root?.startNs ?? 0);
    const sinceStart = (ns: string | undefined) => Number(BigInt(ns ?? 0) - start) / 1e6;
    expect([sinceStart(first?.startNs), sinceStart(first?.endNs)]).toEqual([1, 100]);
    expect([sinceStart(tool?.startNs), sinceStart(tool?.endNs)]).toEqual([110, 150]);
    expect([sinceStart(replayed?.startNs), sinceStart(replayed?.endNs)]).toEqual([100, 160]);
    expect(sinceStart(root?.endNs)).toBe(310);
    expect(replayed?.status).toBe('error');
    expect(replayed?.attributes['gen_ai.tool.call.arguments']).toBe('{"city": "Rome"');
  });

  it('hold the grade as evaluation events, and an unscored one without a number', () => {
    const [root] = spansOf(toolRollout());
    expect(root?.events.map(({ attributes }) => attributes['gen_ai.evaluation.name'])).toEqual([
      'reward',
      'llm',
      'contains',
    ]);
    expect(root?.events[0]?.attributes['gen_ai.evaluation.score.value']).toBe(0.5);
    const [unscored] = spansOf({ ...toolRollout(), grade: { status: 'unscored', reason: 'off the menu' } });
    expect(unscored?.events).toHaveLength(1);
    expect(unscored?.events[0]?.attributes).toEqual({
      'gen_ai.evaluation.name': 'reward',
      'gen_ai.evaluation.score.label': 'unscored',
      'gen_ai.evaluation.explanation': 'off the menu',
    });
  });

  it('show a failed rollout as an error, also when nothing was recorded', () => {
    const failure = { kind: 'infrastructure', message: 'connection refused' } as const;
    const record = toolRollout('run-1', 'rollout-9', { status: 'failed', failure, events: [], answer: '' });
    const spans = spansOf(record);
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({ status: 'error', statusMessage: 'connection refused' });
  });

  it('keep turns, tools and what came with the task apart, whatever their span ids', () => {
    const record = toolRollout();
    const first = record.rollout.events[4]?.spanId ?? '';
    const history = [
      { type: 'tool_call', id: 'old', name: 'weather', arguments: '{}' },
      { type: 'tool_result', id: 'old', name: 'weather', content: 'rain', isError: false, replayed: true },
      { type: 'reply', content: 'It rained.' },
    ] as const;
    const events = [
      ...history.map((event) => ({ ...event, at: 0, spanId: first })),
      ...record.rollout.events.map((event, index) => (index < 4 ? { ...event, spanId: first } : event)),
    ];
    const spans = spansOf({ ...record, rollout: { ...record.rollout, events } });
    expect(spans.map(({ kind }) => kind)).toEqual(['agent', 'model', 'tool', 'tool', 'model']);
    const same = events.map((event) => ({ ...event, spanId: first }));
    const merged = spansOf({ ...record, rollout: { ...record.rollout, events: same } });
    expect(merged.map(({ kind }) => kind)).toEqual(['agent', 'model', 'tool', 'tool', 'model']);
    expect(new Set(merged.map(({ spanId }) => spanId)).size).toBe(5);
  });

  it('are the root alone for an agent whose model calls nobody sees', () => {
    const events = [
      { at: 5, spanId: 'a', type: 'user', content: 'q' },
      { at: 9, spanId: 'a', type: 'reply', content: 'a' },
    ] as const;
    const spans = spansOf(toolRollout('run-1', 'http', { events, answer: 'a' }));
    expect(spans).toHaveLength(1);
    expect(JSON.parse(String(spans[0]?.attributes['gen_ai.input.messages']))).toEqual([
      { role: 'user', parts: [{ type: 'text', content: 'q' }] },
    ]);
  });
});
