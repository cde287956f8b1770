import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { createRedaction, redactionIn } from '../../src/config/redaction.ts';
import type { ChatReply } from '../../src/models/model.ts';

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
    const clean = redaction.clean(reply(text));
    const shown = 'a [REDACTED] b [REDACTED] [REDACTED] [REDACTED]';
    expect(clean).toEqual({
      ...reply(shown),
      usage: { input: 1, output: 2, cached: 0, reasoning: 0, estimated: false },
    });
  });

  it('changes nothing that is no secret: titles, versions, addresses, placeholder keys of local servers', () => {
    const honest = reply('My customer agent says 2026-10-21, see https://shop-24.example/help; the room is EMPTY');
    expect(redaction.clean(honest)).toEqual(honest);
    expect(createRedaction({ key: 'EMPTY', named: {} }).clean(honest)).toEqual(honest);
    const local = createRedaction({ key: 'not-needed', named: {} });
    expect(local.clean(reply('not-needed'))).toEqual(reply('not-needed'));
    expect(local.line('key not-needed is wrong')).toBe('key [REDACTED] is wrong');
  });

  it('S05 finds it in base64 wherever it stands in what was encoded, and in either alphabet', () => {
    for (const before of ['', 'a', 'ab', 'Basic user:']) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const text = Buffer.from(`${before}${key}${before}`).toString(encoding);
        const clean = redaction.clean({ text }).text;
        expect(clean).toContain('[REDACTED]');
        expect(Buffer.from(clean.replace('[REDACTED]', ''), encoding).toString('latin1')).not.toContain('0123456789');
        expect(clean.length).toBeLessThan(text.length - key.length + '[REDACTED]'.length);
      }
    }
  });

  it('S05 knows what the environment holds, and the keys of models that are made later', () => {
    const environment = createEnvironment({
      SHOP_API_KEY: 'shop-0123456789abcdef',
      GITHUB_TOKEN: 'word',
      SSH_AUTH_SOCK: '/tmp/agent-0123456789abcdef',
      TOKEN: '/home/me/token-0123456789',
      TITLE: 'title-0123456789abcdef',
    });
    const own = redactionIn(environment);
    const text =
      'shop-0123456789abcdef word /tmp/agent-0123456789abcdef /home/me/token-0123456789 title-0123456789abcdef';
    expect(own.clean(text)).toBe(text.replace('shop-0123456789abcdef', '[REDACTED]'));
    createRedaction({ key, named: {} }, environment);
    expect(own.clean(`and ${key}`)).toBe('and [REDACTED]');
  });
});
