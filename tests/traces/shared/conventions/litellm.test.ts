import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/core/json.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { readEvaluations } from '../../../../src/traces/shared/conventions/evaluations.ts';
import { readFacts } from '../../../../src/traces/shared/conventions/facts.ts';
import { span } from '../../../helpers/spans.ts';

const USER = { role: 'user', parts: [{ type: 'text', content: 'Weather in two cities?' }] };
const calls = ['Paris', 'Rome'].map((city, index) => ({
  id: `call_${index}`,
  type: 'function',
  function: { name: 'get_weather', arguments: JSON.stringify({ city }) },
}));

/** As litellm 1.x's `otel` callback was seen to write them. */
function litellm(operation: string, input: readonly object[], more: JsonObject, from: number) {
  const messages = JSON.stringify(input);
  return span({ 'gen_ai.operation.name': operation, 'gen_ai.input.messages': messages, ...more }, { from });
}

const asked = litellm(
  'acompletion',
  [USER],
  {
    'gen_ai.usage.input_tokens': 11,
    'gen_ai.usage.output_tokens': 7,
    'gen_ai.output.messages': '[{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]',
    'gen_ai.completion.0.function_call.name': 'get_weather',
    'gen_ai.completion.0.function_call.arguments': '{"city":"Paris"}',
    'gen_ai.completion.1.function_call.name': 'get_weather',
    'gen_ai.completion.1.function_call.arguments': '{"city":"Rome"}',
  },
  0,
);
const answered = litellm(
  'acompletion',
  [
    USER,
    { role: 'assistant', parts: [{ type: 'text', content: '' }], tool_calls: calls },
    ...calls.map(({ id }) => ({ role: 'tool', parts: [{ type: 'text', content: `18C ${id}` }], tool_call_id: id })),
  ],
  { 'gen_ai.output.messages': '[{"role": "assistant", "parts": [{"type": "text", "content": "18C in both."}]}]' },
  20,
);

describe("litellm's spans", () => {
  it.each([
    ['completion', 'model'],
    ['acompletion', 'model'],
    ['aresponses', 'model'],
    ['anthropic_messages', 'model'],
    ['aembedding', 'embedding'],
    ['agent_step', 'chain'],
  ])('of the operation %s are of the kind %s', (operation, kind) => {
    expect(litellm(operation, [], {}, 0).kind).toBe(kind);
  });

  it('count their tokens', () => {
    expect(readFacts(asked).usage).toMatchObject({ input: 11, output: 7 });
  });

  it('tell the calls of a reply, which stand apart from it', () => {
    const { events } = assembleTrace([asked]);
    expect(events.filter(({ type }) => type === 'tool_call')).toMatchObject([
      { name: 'get_weather', arguments: '{"city":"Paris"}' },
      { name: 'get_weather', arguments: '{"city":"Rome"}' },
    ]);
  });

  it('tell each call once when the next request repeats it with its id', () => {
    const { events } = assembleTrace([asked, answered]);
    const said = events.flatMap((event) => {
      if (event.type === 'model_call') return [];
      return event.type === 'tool_call' ? [`call ${event.arguments}`] : 'content' in event ? [event.content] : [];
    });
    expect(said).toEqual([
      'Weather in two cities?',
      'call {"city":"Paris"}',
      'call {"city":"Rome"}',
      '18C call_0',
      '18C call_1',
      '18C in both.',
    ]);
  });
});

describe('the reason why a reply ended', () => {
  const body = { role: 'assistant', parts: [{ type: 'text', content: 'half' }], finish_reason: 'length' };
  const details = 'gen_ai.client.inference.operation.details';
  it.each([
    ['the message of the reply', { 'gen_ai.output.messages': JSON.stringify([body]) }, []],
    ['the details event', {}, [{ name: details, attributes: { 'gen_ai.output.messages': [body] } }]],
    [
      'the body of the details event',
      {},
      [{ name: details, attributes: { 'event.body': { 'gen_ai.output.messages': [body] } } }],
    ],
    [
      'the choice event',
      {},
      [{ name: 'gen_ai.choice', attributes: { finish_reason: 'length', message: '{"content":"half"}' } }],
    ],
  ] as const)('is read from %s', (_name, attributes, events) => {
    const one = span({ 'gen_ai.operation.name': 'chat', ...attributes }, { events });
    expect(assembleTrace([one]).events.find(({ type }) => type === 'model_call')).toMatchObject({
      finishReason: 'length',
    });
  });
});

describe('an evaluation without a number', () => {
  it.each([
    ['pass', 1],
    ['Failed', 0],
    ['not relevant', 0],
    ['thumbs_up', 1],
    ['true', null],
    ['toxic', null],
  ])('that says %s scores %s', (label, score) => {
    const event = {
      name: 'gen_ai.evaluation.result',
      attributes: { 'gen_ai.evaluation.name': 'x', 'gen_ai.evaluation.score.label': label },
    };
    expect(readEvaluations(span({}, { events: [event] }))).toMatchObject([{ score, label }]);
  });
});
