import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../../src/core/json.ts';
import { messagesOf } from '../../../../src/exporters/pipeline/conversation.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { type GivenSpan, span } from '../../../helpers/spans.ts';

const ASKED = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }]);
const reply = (content: string, more: JsonObject = {}): Json => ({
  role: 'assistant',
  parts: [{ type: 'text', content }],
  ...more,
});
const genai = (output: readonly Json[], more: JsonObject = {}): JsonObject => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.input.messages': ASKED,
  'gen_ai.output.messages': JSON.stringify(output),
  ...more,
});

/** The assistant's messages, and what else was offered. */
function heard(attributes: JsonObject, more: GivenSpan = {}) {
  const { events } = assembleTrace([span({ 'gen_ai.request.model': 'm', ...attributes }, more)]);
  const call = events.find((event) => event.type === 'model_call');
  return {
    said: messagesOf(events)
      .filter(({ role }) => role === 'assistant')
      .map(({ content }) => content),
    others: call?.otherReplies,
  };
}

const TWO: readonly (readonly [string, JsonObject, GivenSpan?])[] = [
  [
    'finish reasons of the span',
    genai([reply('a'), reply('b')], { 'gen_ai.response.finish_reasons': ['stop', 'stop'] }),
  ],
  [
    'finish reasons of the messages',
    genai([reply('a', { finish_reason: 'stop' }), reply('b', { finish_reason: 'stop' })]),
  ],
  ['the number that was asked for', genai([reply('a'), reply('b')], { 'gen_ai.request.choice.count': 2 })],
  [
    'OpenInference',
    {
      'openinference.span.kind': 'LLM',
      'llm.invocation_parameters': '{"n":2}',
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': 'hi',
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.content': 'a',
      'llm.output_messages.1.message.role': 'assistant',
      'llm.output_messages.1.message.content': 'b',
    },
  ],
  [
    'OpenLLMetry',
    {
      'llm.request.type': 'chat',
      'gen_ai.prompt.0.role': 'user',
      'gen_ai.prompt.0.content': 'hi',
      'gen_ai.completion.0.role': 'assistant',
      'gen_ai.completion.0.content': 'a',
      'gen_ai.completion.0.finish_reason': 'stop',
      'gen_ai.completion.1.role': 'assistant',
      'gen_ai.completion.1.content': 'b',
      'gen_ai.completion.1.finish_reason': 'stop',
    },
  ],
  [
    'choice events',
    { 'gen_ai.operation.name': 'chat' },
    {
      events: [
        { name: 'gen_ai.user.message', attributes: { content: 'hi' } },
        { name: 'gen_ai.choice', attributes: { index: 0, finish_reason: 'stop', message: '{"content":"a"}' } },
        { name: 'gen_ai.choice', attributes: { index: 1, finish_reason: 'stop', message: '{"content":"b"}' } },
      ],
    },
  ],
];

describe('several choices of one model call', () => {
  it.each(TWO.map(([name, attributes, more = {}]) => [name, attributes, more] as const))(
    'takes the first for the reply and keeps the others apart: %s',
    (_name, attributes, more) => {
      expect(heard(attributes, more)).toEqual({ said: ['a'], others: ['b'] });
    },
  );

  it('tells the calls of a choice that was not taken', () => {
    const call = { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', arguments: { x: 1 } }] };
    const { said, others } = heard(genai([reply('a'), call], { 'gen_ai.request.choice.count': 2 }));
    expect([said, others]).toEqual([['a'], ['{"name":"f","arguments":"{\\"x\\":1}"}']]);
  });

  it('leaves the pieces of one reply together', () => {
    expect(heard(genai([reply('a'), reply('b')], { 'gen_ai.response.finish_reasons': ['stop'] }))).toEqual({
      said: ['a\n\nb'],
      others: undefined,
    });
    const thinking = {
      'llm.request.type': 'chat',
      'gen_ai.completion.0.role': 'thinking',
      'gen_ai.completion.0.content': 'hm',
      'gen_ai.completion.0.finish_reason': 'end_turn',
      'gen_ai.completion.1.role': 'assistant',
      'gen_ai.completion.1.content': 'a',
      'gen_ai.completion.1.finish_reason': 'end_turn',
    };
    expect(heard(thinking).others).toBeUndefined();
  });
});

describe('keys that could reach a prototype', () => {
  it.each(['__proto__', 'constructor', '\\u005f_proto__'])(
    'cost the conversation around a tool argument %s nothing',
    (key) => {
      const call = `{"type":"tool_call","id":"c","name":"f","arguments":{"${key}":{"x":1}}}`;
      const input = `[{"role":"user","parts":[{"type":"text","content":"hi"}]},{"role":"assistant","parts":[${call}]}]`;
      const { events } = assembleTrace([span({ ...genai([reply('a')]), 'gen_ai.input.messages': input })]);
      const told = events.map((event) =>
        'content' in event ? event.content : 'arguments' in event ? event.arguments : '',
      );
      expect(told).toEqual(['hi', `{"${JSON.parse(`"${key}"`)}":{"x":1}}`, '', 'a']);
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
  );
});
