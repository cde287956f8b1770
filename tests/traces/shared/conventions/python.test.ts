import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/core/json.ts';
import type { Span, TraceEvent } from '../../../../src/core/trace.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { takenOf } from '../../../exporters/conversations.ts';
import { span } from '../../../helpers/spans.ts';

// What openinference-instrumentation-agno 1.0.15, -langchain 0.1.80 and opentelemetry-instrumentation-openai 0.62.4 sent.

function told(spans: readonly Span[]): readonly string[] {
  return assembleTrace(spans).events.flatMap((event: TraceEvent) => {
    if (event.type === 'model_call') return [];
    if (event.type === 'tool_call') return [`call ${event.id} ${event.arguments}`];
    if (event.type === 'tool_result') return [`result ${event.id} ${event.content}`];
    return [`${event.type} ${event.type === 'error' ? event.message : event.content}`];
  });
}

const CALLS = 'llm.output_messages.0.message.tool_calls';
const asking = (cities: readonly string[]): JsonObject => ({
  'openinference.span.kind': 'LLM',
  'llm.input_messages.0.message.role': 'user',
  'llm.input_messages.0.message.content': 'weather?',
  'llm.output_messages.0.message.role': 'assistant',
  ...Object.fromEntries(
    cities.flatMap((city, index) => [
      [`${CALLS}.${index}.tool_call.id`, `c${index}`],
      [`${CALLS}.${index}.tool_call.function.name`, 'get_weather'],
      [`${CALLS}.${index}.tool_call.function.arguments`, JSON.stringify({ city })],
    ]),
  ),
});

describe('a failed run of agno', () => {
  const failed = [
    span(
      { 'openinference.span.kind': 'AGENT', 'input.value': 'hi', 'output.value': 'bad input' },
      { to: 90, status: 'error', statusMessage: 'run status: error' },
    ),
  ];
  const model = span(
    {
      'openinference.span.kind': 'LLM',
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': 'hi',
    },
    { from: 5, status: 'error', statusMessage: 'ModelProviderError: bad input' },
  );

  it('has the text of its exception as an error, not as an answer', () => {
    expect(told([...failed, model])).toEqual(['user hi', 'error ModelProviderError: bad input']);
    expect(told(failed)).toEqual(['user hi', 'error bad input']);
  });

  it('is nothing to learn from', () => {
    const { events, tools } = assembleTrace([...failed, model]);
    const taken = takenOf(events, { tools, status: 'error' });
    expect(taken).toMatchObject({ ok: true, sample: { status: 'failed' } });
  });
});

describe('parallel tools of LangGraph', () => {
  const done = (city: string, id: string, from: number) =>
    span(
      {
        'openinference.span.kind': 'TOOL',
        'tool.name': 'get_weather',
        'input.value': city,
        'output.value': JSON.stringify({ type: 'tool', data: { type: 'tool', content: '18C', tool_call_id: id } }),
      },
      { from, to: 60 },
    );
  const broken = (input: string, from: number) =>
    span(
      { 'openinference.span.kind': 'TOOL', 'tool.name': 'get_weather', 'input.value': input },
      { from, to: 50, status: 'error', statusMessage: 'no such city' },
    );

  it('answers the call that a tool without an id was made for, whichever starts first', () => {
    const spans = [span(asking(['Paris', 'Zürich'])), broken('Zürich', 20), done('Paris', 'c0', 21)];
    expect(told(spans).slice(-2)).toEqual(['result c1 no such city', 'result c0 18C']);
  });

  it('knows the call by its values, in the spelling of Python too', () => {
    const spans = [span(asking(['Paris', 'Zürich'])), broken("{'city': 'Zürich'}", 20), broken('Paris', 21)];
    expect(told(spans).slice(-2)).toEqual(['result c1 no such city', 'result c0 no such city']);
  });

  it('knows the call by its arguments when one side escapes what is not ASCII', () => {
    const spans = [span(asking(['Paris', 'Zürich'])), broken('{"city": "Z\\u00fcrich"}', 20), broken('Paris', 21)];
    expect(told(spans).slice(-2)).toEqual(['result c1 no such city', 'result c0 no such city']);
  });
});

it('tells an error once although each level of LangGraph adds its own stack', () => {
  const stack = (level: string) => `ValueError('boom')Traceback (most recent call last):\n  ${level}\nValueError: boom`;
  const spans = [
    span({ 'openinference.span.kind': 'CHAIN' }, { to: 90, status: 'error', statusMessage: stack('graph') }),
    span(asking([]), { from: 5, status: 'error', statusMessage: stack('model') }),
  ];
  expect(told(spans).filter((line) => line.startsWith('error'))).toEqual([`error ${stack('model')}`]);
});

it('tells an error once where its type stands before it on the way up', () => {
  const spans = [
    span({ 'http.route': '/' }, { to: 90, status: 'error', statusMessage: 'InternalServerError: Error code: 500' }),
    span(asking([]), { from: 5, status: 'error', statusMessage: 'Error code: 500' }),
  ];
  expect(told(spans)).toEqual(['user weather?', 'error Error code: 500']);
});

describe('the Responses API as OpenLLMetry records it', () => {
  const chat = (input: unknown, output: unknown, from: number) =>
    span(
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.input.messages': JSON.stringify(input),
        'gen_ai.output.messages': JSON.stringify(output),
        'gen_ai.usage.input_tokens': 1,
        'gen_ai.usage.reasoning_tokens': 5,
      },
      { from },
    );
  const asked = { role: 'user', parts: [{ type: 'text', content: 'weather?' }] };
  const called = {
    role: 'assistant',
    parts: [
      { type: 'reasoning', content: '[{"text": "I should call the tool", "type": "summary_text"}]' },
      { type: 'tool_call', name: 'get_weather', id: 'fc_1', arguments: { city: 'Paris' } },
    ],
  };
  const result = { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '18C' }] };
  const answer = { role: 'assistant', parts: [{ type: 'text', content: 'It is 18C.' }] };
  const spans = [chat([asked], [called], 0), chat([asked, called, result], [answer], 20)];

  it('joins a result to its call although one is named by the item and the other by the call', () => {
    expect(told(spans)).toEqual([
      'user weather?',
      'thinking I should call the tool',
      'call fc_1 {"city":"Paris"}',
      'result fc_1 18C',
      'reply It is 18C.',
    ]);
  });

  it('knows a summary from thinking, and counts the tokens of thinking', () => {
    const { events } = assembleTrace(spans);
    expect(events.find(({ type }) => type === 'thinking')).toMatchObject({ isSummary: true });
    expect(events.find(({ type }) => type === 'model_call')).toMatchObject({ usage: { reasoning: 5 } });
  });
});
