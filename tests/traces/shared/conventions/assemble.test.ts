import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../src/core/json.ts';
import type { TraceEvent } from '../../../../src/core/trace.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { span } from '../../../helpers/spans.ts';

const text = (role: string, content: string): Json => ({ role, parts: [{ type: 'text', content }] });
const call = (id: string, name: string): Json => ({
  role: 'assistant',
  parts: [{ type: 'tool_call', id, name, arguments: {} }],
});
const answer = (id: string, response: string): Json => ({
  role: 'tool',
  parts: [{ type: 'tool_call_response', id, response }],
});
const chat = (input: readonly Json[], output: readonly Json[], from: number) =>
  span(
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm',
      'gen_ai.input.messages': JSON.stringify(input),
      'gen_ai.output.messages': JSON.stringify(output),
    },
    { from },
  );

/** `user hi`, `tool_call f`, `tool_result 18C` ...; model calls left out. */
function told(events: readonly TraceEvent[]): readonly string[] {
  return events.flatMap((event) => {
    if (event.type === 'model_call') return [];
    if (event.type === 'tool_call') return [`tool_call ${event.name}`];
    if (event.type === 'error') return [`error ${event.message}`];
    return [`${event.type} ${event.content}`];
  });
}

describe('a conversation put together from spans', () => {
  it('tells each message once although every call repeats the history', () => {
    const first = [text('system', 'be brief'), text('user', 'hi')];
    const second = [...first, text('assistant', 'hello'), text('user', 'bye')];
    const spans = [chat(second, [text('assistant', 'ciao')], 20), chat(first, [text('assistant', 'hello')], 0)];
    expect(told(assembleTrace(spans).events)).toEqual([
      'system be brief',
      'user hi',
      'reply hello',
      'user bye',
      'reply ciao',
    ]);
  });

  it('tells the same words twice when they were said twice', () => {
    const input = [text('user', 'yes'), text('assistant', 'sure?'), text('user', 'yes')];
    expect(told(assembleTrace([chat(input, [text('assistant', 'done')], 0)]).events)).toEqual([
      'user yes',
      'reply sure?',
      'user yes',
      'reply done',
    ]);
  });

  it('joins a tool that took no time on its clock, and equal calls side by side, to one call each', () => {
    const twice = {
      role: 'assistant',
      parts: ['c1', 'c2'].map((id) => ({ type: 'tool_call', id, name: 'f', arguments: {} })),
    };
    const tool = (result: string) =>
      span(
        { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'f', 'gen_ai.tool.call.result': result },
        { from: 20, to: 20 },
      );
    const { events } = assembleTrace([chat([text('user', 'hi')], [twice], 0), tool('one'), tool('two')]);
    expect(events.flatMap((event) => (event.type === 'tool_result' ? [[event.id, event.content]] : []))).toEqual([
      ['c1', 'one'],
      ['c2', 'two'],
    ]);
    expect(told(events).filter((line) => line.startsWith('tool_call'))).toHaveLength(2);
  });

  it('joins tool spans to the calls of the model by id, with duration and error', () => {
    const input = [text('user', 'weather?')];
    const tool = span(
      { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'f', 'gen_ai.tool.call.id': 'c1' },
      { from: 20, to: 50, status: 'error', statusMessage: 'no network' },
    );
    const again = [...input, call('c1', 'f'), answer('c1', 'no network')];
    const { events } = assembleTrace([
      chat(input, [call('c1', 'f')], 0),
      tool,
      chat(again, [text('assistant', 'sorry')], 60),
    ]);
    expect(told(events)).toEqual(['user weather?', 'tool_call f', 'tool_result no network', 'reply sorry']);
    expect(events.find(({ type }) => type === 'tool_result')).toMatchObject({ id: 'c1', isError: true });
    const result = events.find((event) => event.type === 'tool_result');
    expect(result?.type === 'tool_result' && result.at - (result.startedAt ?? 0)).toBeCloseTo(30);
  });

  it('joins tool spans without ids by name, and ids that are used again by order', () => {
    const input = [text('user', 'twice')];
    const tool = (from: number, output: string) =>
      span({ 'openinference.span.kind': 'TOOL', 'tool.name': 'f', 'output.value': output }, { from });
    const second = [...input, call('c1', 'f'), answer('c1', 'one')];
    const third = [...second, call('c1', 'f'), answer('c1', 'two')];
    const { events } = assembleTrace([
      chat(input, [call('c1', 'f')], 0),
      tool(20, 'one'),
      chat(second, [call('c1', 'f')], 40),
      tool(60, 'two'),
      chat(third, [text('assistant', 'done')], 80),
    ]);
    expect(told(events)).toEqual([
      'user twice',
      'tool_call f',
      'tool_result one',
      'tool_call f',
      'tool_result two',
      'reply done',
    ]);
  });

  it('tells of tools that only their spans know, because model content was not captured', () => {
    const model = span({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm' });
    const tool = span(
      { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'f', 'gen_ai.tool.call.result': '18C' },
      { from: 20 },
    );
    const { events } = assembleTrace([model, tool]);
    expect(events.map(({ type }) => type)).toEqual(['model_call', 'tool_call', 'tool_result']);
  });

  it('hears agents only where no model call speaks', () => {
    const agent = (attributes: { [key: string]: Json }) =>
      span(
        { 'openinference.span.kind': 'AGENT', 'input.value': 'hi', 'output.value': 'hello', ...attributes },
        { to: 90 },
      );
    expect(told(assembleTrace([agent({})]).events)).toEqual(['user hi', 'reply hello']);
    const model = chat([text('system', 's'), text('user', 'hi')], [text('assistant', 'hello')], 5);
    expect(told(assembleTrace([agent({ 'input.value': '{"question":"hi"}' }), model]).events)).toEqual([
      'system s',
      'user hi',
      'reply hello',
    ]);
  });

  it('takes the reply from the agent when no model call captured one', () => {
    const agent = span({ 'openinference.span.kind': 'AGENT', 'output.value': 'hello' }, { to: 90 });
    expect(told(assembleTrace([agent, chat([text('user', 'hi')], [], 5)]).events)).toEqual(['user hi', 'reply hello']);
  });

  it('tells an error once, however many spans pass it on', () => {
    const failed = { status: 'error', statusMessage: 'quota' } as const;
    const spans = [
      span({ 'gen_ai.operation.name': 'invoke_agent' }, { ...failed, to: 50 }),
      span({ 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': [text('user', 'hi')] }, { ...failed, from: 5 }),
    ];
    expect(told(assembleTrace(spans).events)).toEqual(['user hi', 'error quota']);
  });

  it('records each model call before its reply, with usage, and tools when they change', () => {
    const tools = '[{"type":"function","name":"f"}]';
    const spans = [0, 20].map((from) =>
      span(
        {
          'gen_ai.operation.name': 'chat',
          'gen_ai.provider.name': 'openai',
          'gen_ai.response.model': 'm',
          'gen_ai.response.finish_reasons': ['stop'],
          'gen_ai.usage.input_tokens': 7,
          'gen_ai.tool.definitions': tools,
          'gen_ai.output.messages': [text('assistant', `reply ${from}`)],
        },
        { from },
      ),
    );
    const { events } = assembleTrace(spans);
    expect(events.map(({ type }) => type)).toEqual(['model_call', 'reply', 'model_call', 'reply']);
    expect(events[0]).toMatchObject({
      provider: 'openai',
      model: 'm',
      finishReason: 'stop',
      usage: { input: 7 },
      tools: [{ type: 'function', function: { name: 'f' } }],
    });
    expect(events[2]).not.toHaveProperty('tools');
  });

  it('is empty for spans without content', () => {
    expect(assembleTrace([span({ 'http.method': 'GET' })])).toEqual({ events: [], tools: [] });
  });
});
