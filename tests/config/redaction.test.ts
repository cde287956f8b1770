import { describe, expect, it } from 'vitest';
import type { ChatReply } from '../../../src/models/model.ts';
import { createRedaction } from '../../../src/models/openai/redaction.ts';

const reply = (content: string): ChatReply => ({
  content,
  thinking: content,
  toolCalls: [{ id: content, type: 'function', function: { name: 'f', arguments: JSON.stringify({ content }) } }],
  finishReason: content,
  usage: { input: 1, output: 2, cached: 0, reasoning: 0, estimated: false },
  model: content,
  responseId: content,
});

describe('redaction of replies', () => {
  const key = 'sk-live-0123456789abcdef';
  const redaction = createRedaction({
    key,
    named: {
      headers: { 'x-api-key': 'with "quotes" in it', 'x-title': 'My customer agent', 'x-run': 'r4nd0m-0123456789' },
      query: { 'api-version': '2026-10-21' },
      referer: 'https://shop-24.example/help',
    },
  });

  it('S05 removes what was sent from every text of a reply, also where it is escaped', () => {
    const text = `a ${key} b ${encodeURIComponent('with "quotes" in it')} with "quotes" in it r4nd0m-0123456789`;
    const clean = redaction.reply(reply(text));
    const shown = 'a [REDACTED] b [REDACTED] [REDACTED] [REDACTED]';
    expect(clean).toEqual({
      ...reply(shown),
      usage: { input: 1, output: 2, cached: 0, reasoning: 0, estimated: false },
    });
  });

  it('changes nothing that is no secret: titles, versions, addresses, placeholder keys of local servers', () => {
    const honest = reply('My customer agent says 2026-10-21, see https://shop-24.example/help; the room is EMPTY');
    expect(redaction.reply(honest)).toEqual(honest);
    expect(createRedaction({ key: 'EMPTY', named: {} }).reply(honest)).toEqual(honest);
    const local = createRedaction({ key: 'not-needed', named: {} });
    expect(local.reply(reply('not-needed'))).toEqual(reply('not-needed'));
    expect(local.line('key not-needed is wrong')).toBe('key [REDACTED] is wrong');
  });
});
