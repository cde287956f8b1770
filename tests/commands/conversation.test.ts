import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderConversation } from '../../src/commands/trace/conversation.ts';
import { NO_USAGE } from '../../src/core/usage.ts';

it('shows the choices that were not taken beside the reply', () => {
  const at = { at: 0, spanId: '1' };
  const call = { startedAt: 0, provider: '', model: 'm', finishReason: 'stop', responseId: '', usage: NO_USAGE };
  const events = [
    { ...at, type: 'model_call', ...call, otherReplies: ['b\u001b[2J'] },
    { ...at, type: 'reply', content: 'a' },
  ] as const;
  expect(stripVTControlCharacters(renderConversation(events, false))).toBe(
    'another choice of the reply below\n  b\\u{1b}[2J\n\nassistant\n  a',
  );
});

describe('errors in a conversation', () => {
  const traceback = ['ValueError: no such city', '', 'Traceback:', ...Array<string>(40).fill('  File "x"'), 'the end'];
  const event = { type: 'error', at: 0, spanId: '1', message: traceback.join('\n') } as const;
  const show = (full: boolean): string => stripVTControlCharacters(renderConversation([event], full));

  it('are folded to their first and last line unless asked for in full', () => {
    expect(show(false)).toBe('error  ValueError: no such city\n  ... 41 more lines, see --full\nthe end');
    expect(show(true)).toContain('File "x"');
    const short = { ...event, message: 'no network\ntry again' };
    expect(stripVTControlCharacters(renderConversation([short], false))).toBe('error  no network\ntry again');
  });
});

it('shows the letters of arguments and results that Python wrote as escapes', () => {
  const at = { at: 0, spanId: '1', id: 'c', name: 'f' };
  const events = [
    { ...at, type: 'tool_call', arguments: '{"city": "Z\\u00fcrich", "evil": "\\u001b[2J"}' },
    { ...at, type: 'tool_result', content: '["\\u6771\\u4eac"]', isError: false, replayed: false },
  ] as const;
  const shown = stripVTControlCharacters(renderConversation(events, false));
  expect(shown).toBe('f({"city":"Zürich","evil":"\\u001b[2J"}) 0.00ms\n  -> ["東京"]');
});
