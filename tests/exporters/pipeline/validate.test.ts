import { describe, expect, it } from 'vitest';
import type { Message } from '../../../src/core/message.ts';
import type { TraceEvent } from '../../../src/core/trace.ts';
import {
  alternate,
  inCallOrder,
  messagesOf,
  withThinkingApart,
  withToolNames,
} from '../../../src/exporters/pipeline/conversation.ts';
import { findFault } from '../../../src/exporters/pipeline/validate.ts';
import { coverTools, toolsFromJson } from '../../../src/exporters/shared/tools.ts';
import { limitContent } from '../../../src/traces/content.ts';
import { shorten } from '../../../src/traces/shared/otlp/shorten.ts';
import { span } from '../../helpers/spans.ts';
import { WEATHER } from '../conversations.ts';

const system: Message = { role: 'system', content: 's' };
const user: Message = { role: 'user', content: 'u' };
const answer: Message = { role: 'assistant', content: 'a' };
const calls = (...ids: readonly string[]): Message => ({
  role: 'assistant',
  content: '',
  tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
});
const withArguments = (text: string): Message => ({
  role: 'assistant',
  content: '',
  tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: text } }],
});
const result = (id: string): Message => ({ role: 'tool', tool_call_id: id, content: 'r' });

const cutArguments = shorten(JSON.stringify({ text: 'x'.repeat(70_000) }), 65_536);
/** An answer as it is stored where previews are wanted instead of raw content. */
const previewed = String(
  limitContent(span({ 'gen_ai.tool.call.result': 'x'.repeat(1_000) }), 'preview').attributes['gen_ai.tool.call.result'],
);

describe('rules of every format', () => {
  it.each([
    [[user, answer]],
    [[system, user, answer, user, answer]],
    [[user, calls('1', '2'), result('2'), result('1'), answer]],
    [[user, calls('1'), result('1'), calls('1'), result('1'), answer]],
    [[user, withArguments(''), result('1'), answer]],
  ])('accept %#', (messages) => {
    expect(findFault(messages)).toBeUndefined();
  });

  it.each<readonly [string, readonly Message[]]>([
    ['does not start with a user message', []],
    ['does not start with a user message', [system, answer]],
    ['system message in the middle', [user, system, answer]],
    ['empty user message', [{ role: 'user', content: ' ' }, answer]],
    ['empty assistant message', [user, { role: 'assistant', content: '\n' }]],
    ['turns do not alternate', [user, user, answer]],
    ['turns do not alternate', [user, answer, answer]],
    ['turns do not alternate', [user, calls('1'), result('1'), user, answer]],
    ['tool call without a result', [user, calls('1'), answer]],
    ['tool call without a result', [user, calls('1', '2'), result('1'), answer]],
    ['tool call without a result', [user, calls('1')]],
    ['tool result without a call', [user, result('1'), answer]],
    ['tool result without a call', [user, calls('1'), result('1'), result('1'), answer]],
    ['tool call id used twice', [user, calls('1', '1'), result('1'), answer]],
    ['tool arguments are not a JSON object', [user, withArguments('{'), result('1'), answer]],
    ['tool arguments are not a JSON object', [user, withArguments('[1]'), result('1'), answer]],
    ['tool arguments are not a JSON object', [user, withArguments('{"__proto__":1}'), result('1'), answer]],
    ['does not end with an answer', [user]],
    ['does not end with an answer', [user, answer, user]],
    ['does not end with an answer', [user, calls('1'), result('1')]],
    [
      'the answer is an error message',
      [user, { role: 'assistant', content: 'Traceback (most recent call last):\n x' }],
    ],
    ['the answer is an error message', [user, { role: 'assistant', content: "Error code: 429 - {'error'" }]],
    ['a text was stored in part only', [{ role: 'user', content: shorten('x'.repeat(70_000), 65_536) }, answer]],
    ['a text was stored in part only', [user, withArguments(cutArguments), result('1'), answer]],
    ['a text was stored in part only', [user, { role: 'assistant', content: previewed }]],
    ['too long', [user, { role: 'assistant', content: 'x'.repeat(300_000) }]],
  ])('reject: %s', (reason, messages) => {
    expect(findFault(messages)).toBe(reason);
  });
});

describe('recorded events as a conversation', () => {
  it('put text, thinking and parallel calls of one reply into one turn', () => {
    expect(messagesOf(WEATHER).map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'tool',
      'tool',
      'assistant',
    ]);
    expect(messagesOf(WEATHER)[2]).toMatchObject({ content: 'Let me look.', reasoning_content: 'I need both.' });
  });

  it('merge neighbours of one role and start with the user', () => {
    expect(alternate([system, answer, user, user, answer, answer])).toEqual([
      system,
      { role: 'user', content: 'u\n\nu' },
      { role: 'assistant', content: 'a\n\na' },
    ]);
  });

  it('take thinking out of the text that a model wrote it into', () => {
    const written = (content: string): Message => ({ role: 'assistant', content });
    expect(withThinkingApart([user, written('<think>\nwhy\n</think>\n\nbecause')])[1]).toEqual({
      role: 'assistant',
      content: 'because',
      reasoning_content: 'why',
    });
    expect(withThinkingApart([written('<think>cut off')])[0]).toMatchObject({ content: '' });
    const about = written('The tag <think> opens what </think> closes.');
    expect(withThinkingApart([about, user])).toEqual([about, user]);
  });

  it("leave out a provider's summary of thinking that it does not show", () => {
    const event = { at: 1, spanId: 's1' };
    const events: TraceEvent[] = [
      { ...event, type: 'user', content: 'q' },
      { ...event, type: 'thinking', content: 'about the question', isSummary: true },
      { ...event, type: 'reply', content: 'a' },
    ];
    expect(messagesOf(events)[1]).toEqual({ role: 'assistant', content: 'a' });
  });

  it('leave out what arrived of a reply before its call failed', () => {
    const event = { at: 1, spanId: 's1' };
    const events: TraceEvent[] = [
      { ...event, type: 'user', content: 'q' },
      { ...event, type: 'reply', content: 'half an ans' },
      { ...event, type: 'error', message: 'terminated' },
      { ...event, spanId: 's2', type: 'reply', content: 'the answer' },
      { ...event, spanId: 's0', type: 'error', message: 'something after it' },
    ];
    expect(messagesOf(events).map(({ content }) => content)).toEqual(['q', 'the answer']);
  });

  it('show results in the order of their calls, block by block, whatever their tools took', () => {
    const blocks = [user, calls('1', '2'), result('2'), result('1'), calls('2', '1'), result('1'), result('2'), answer];
    const ids = inCallOrder(blocks).map((message) => (message.role === 'tool' ? message.tool_call_id : message.role));
    expect(ids).toEqual(['user', 'assistant', '1', '2', 'assistant', '2', '1', 'assistant']);
    const stray = [user, calls('1'), result('9'), result('1'), result('9')];
    expect(inCallOrder(stray).slice(2)).toEqual([result('1'), result('9'), result('9')]);
  });

  it('name results by their calls', () => {
    expect(withToolNames([user, calls('1'), result('1')])[2]).toMatchObject({ name: 'f' });
  });
});

describe('tools', () => {
  it('are made up from calls only where no definition is known', () => {
    const [known] = toolsFromJson([{ name: 'f', parameters: { type: 'object' } }, 7, { name: '' }]);
    const messages = [user, calls('1'), { ...withArguments('{"city":"x","n":1}'), role: 'assistant' } as Message];
    expect(coverTools(messages, known === undefined ? [] : [known])).toEqual({ tools: [known], invented: [] });
    expect(coverTools(messages, [])).toEqual({
      tools: [
        {
          type: 'function',
          function: {
            name: 'f',
            description: '',
            parameters: { type: 'object', properties: { city: { type: 'string' }, n: { type: 'number' } } },
          },
        },
      ],
      invented: ['f'],
    });
  });
});
