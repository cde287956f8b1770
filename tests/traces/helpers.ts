import type { Rollout } from '../../src/core/rollout.ts';
import type { TraceEvent } from '../../src/core/trace.ts';
import { spanIdOf, traceIdOf } from '../../src/traces/shared/ids.ts';
import type { RolloutRecord } from '../../src/traces/shared/rollout-spans.ts';

export const USAGE = { input: 10, output: 5, cached: 0, reasoning: 0, estimated: false } as const;
const T0 = Date.UTC(2026, 10, 21, 9, 0, 0);

/** A rollout with context, two model turns and two parallel tool calls of which one fails. */
export function toolRollout(runId = 'run-1', id = 'rollout-1', change: Partial<Rollout> = {}): RolloutRecord {
  const traceId = traceIdOf(runId, id);
  const agent = spanIdOf(traceId, 'agent');
  const first = spanIdOf(traceId, 'chat 0');
  const second = spanIdOf(traceId, 'chat 1');
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const tools = [{ type: 'function', function: { name: 'weather', description: 'Weather', parameters } }] as const;
  const call = { type: 'model_call', provider: 'openai', model: 'gpt-x', usage: USAGE } as const;
  const events: readonly TraceEvent[] = [
    { at: T0, spanId: agent, type: 'system', content: 'You are kind.' },
    { at: T0, spanId: agent, type: 'user', content: 'Hello' },
    { at: T0, spanId: agent, type: 'reply', content: 'Hi, how can I help?' },
    { at: T0, spanId: agent, type: 'user', content: 'Weather in Paris and Rome?' },
    { at: T0 + 100, spanId: first, ...call, startedAt: T0 + 1, finishReason: 'tool_calls', responseId: 'r1', tools },
    { at: T0 + 100, spanId: first, type: 'thinking', content: 'I need the tool.' },
    { at: T0 + 100, spanId: first, type: 'tool_call', id: 'c1', name: 'weather', arguments: '{"city":"Paris"}' },
    { at: T0 + 100, spanId: first, type: 'tool_call', id: 'c2', name: 'weather', arguments: '{"city": "Rome"' },
    {
      at: T0 + 150,
      spanId: spanIdOf(traceId, 'tool 0'),
      type: 'tool_result',
      id: 'c1',
      name: 'weather',
      content: '18 °C',
      isError: false,
      replayed: false,
      startedAt: T0 + 110,
    },
    {
      at: T0 + 160,
      spanId: spanIdOf(traceId, 'tool 1'),
      type: 'tool_result',
      id: 'c2',
      name: 'weather',
      content: 'arguments are not JSON',
      isError: true,
      replayed: true,
      recordedFor: '{"city":"Oslo"}',
    },
    { at: T0 + 300, spanId: second, ...call, startedAt: T0 + 161, finishReason: 'stop', responseId: 'r2' },
    { at: T0 + 300, spanId: second, type: 'reply', content: 'Paris: 18 °C.' },
  ];
  const rollout: Rollout = {
    id,
    taskId: 'task-1',
    promptId: 'p-0123456789ab',
    sample: 0,
    status: 'ok',
    answer: 'Paris: 18 °C.',
    failure: null,
    traceId,
    events,
    usage: { ...USAGE, input: 20, output: 10 },
    durationMs: 310,
    ...change,
  };
  const grade = {
    status: 'scored',
    score: 0.5,
    reason: 'Rome is missing',
    parts: { llm: 0.25, contains: 0.75 },
  } as const;
  return { runId, rollout, grade, iteration: 1, split: 'train' };
}
