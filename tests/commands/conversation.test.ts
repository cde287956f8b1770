import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderConversation } from '../../src/commands/trace/conversation.ts';

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
