import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { pairToolCalls, readMessage } from '../../src/history/shared/messages.ts';

function read(raw: Json) {
  const result = readMessage(raw);
  return result.ok ? result.messages : result.reason;
}

describe('readMessage', () => {
  it.each<[string, Json, unknown]>([
    ['OpenAI text', { role: 'User', content: 'a' }, [{ role: 'user', content: 'a' }]],
    [
      'content parts',
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      [{ role: 'user', content: 'a\nb' }],
    ],
    ['ShareGPT', { from: 'gpt', value: 'a' }, [{ role: 'assistant', content: 'a' }]],
    ['LangChain', { type: 'human', content: 'a' }, [{ role: 'user', content: 'a' }]],
    ['a developer message', { role: 'developer', content: 'a' }, [{ role: 'system', content: 'a' }]],
    [
      'arguments as an object',
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: { x: 1 } } }],
      },
      [
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"x":1}' } }],
        },
      ],
    ],
    [
      'arguments that are no JSON, kept as they are',
      { role: 'assistant', tool_calls: [{ id: 'c', function: { name: 'f', arguments: '{x:' } }] },
      [
        {
          role: 'assistant',
          content: '',
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{x:' } }],
        },
      ],
    ],
    [
      'Anthropic blocks',
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: 'r', is_error: true }] },
      [{ role: 'tool', tool_call_id: 'c', content: 'r', is_error: true }],
    ],
    [
      'a failed tool of agno',
      { role: 'tool', tool_call_id: 'c', tool_name: 'f', content: 'no', tool_call_error: true },
      [{ role: 'tool', tool_call_id: 'c', content: 'no', name: 'f', is_error: true }],
    ],
    ['a number as content', { role: 'user', content: 5 }, [{ role: 'user', content: '5' }]],
    ['an unknown role', { role: 'wizard', content: 'a' }, 'unknown role "wizard"'],
    ['no role', { content: 'a' }, 'a message has no role'],
    ['no object', 'a', 'a message is not an object'],
  ])('reads %s', (_name, raw, expected) => {
    expect(read(raw)).toEqual(expected);
  });

  it('names the kinds of media and leaves their bytes out', () => {
    const raw: Json = {
      role: 'user',
      content: [
        { type: 'text', text: 'see' },
        { type: 'image_url', image_url: { url: 'data:x' } },
      ],
      audio: { id: 1 },
    };
    expect(readMessage(raw)).toEqual({
      ok: true,
      messages: [{ role: 'user', content: 'see' }],
      media: ['image', 'audio'],
    });
  });
});

describe('pairToolCalls', () => {
  const call = (id: string) => ({ id, type: 'function' as const, function: { name: 'f', arguments: '{}' } });
  const result = (id: string) => ({ role: 'tool' as const, tool_call_id: id, content: `result ${id}` });

  it('gives missing ids and pairs by order where there are none', () => {
    const { messages, problems } = pairToolCalls([
      { role: 'assistant', content: '', tool_calls: [call(''), call('')] },
      result(''),
      result(''),
    ]);
    expect(problems).toEqual([]);
    expect(messages.slice(1).map((message) => message.role === 'tool' && message.tool_call_id)).toEqual([
      'call_1',
      'call_2',
    ]);
  });

  it('leaves out results without call and calls without result, and names them', () => {
    const { messages, problems } = pairToolCalls([
      result('x'),
      { role: 'assistant', content: 'said', tool_calls: [call('a'), call('b')] },
      result('a'),
      { role: 'assistant', content: '', tool_calls: [call('c')] },
    ]);
    expect(messages).toEqual([{ role: 'assistant', content: 'said', tool_calls: [call('a')] }, result('a')]);
    expect(problems).toEqual(['result without call', 'call without result', 'call without result']);
  });

  it('calls of one message with the same id are a problem', () => {
    const { problems } = pairToolCalls([
      { role: 'assistant', content: '', tool_calls: [call('a'), call('a')] },
      result('a'),
      result('a'),
    ]);
    expect(problems).toContain('duplicate call id');
  });
});
