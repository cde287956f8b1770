import { describe, expect, it } from 'vitest';
import type { Json } from '../../../../src/core/json.ts';
import { assembleTrace } from '../../../../src/traces/shared/conventions/assemble.ts';
import { shorten } from '../../../../src/traces/shared/otlp/shorten.ts';
import { span } from '../../../helpers/spans.ts';

const LIMIT = 16 * 1024;
const text = (role: string, content: string): Json => ({ role, parts: [{ type: 'text', content }] });
const words = (about: string, length: number): string => `${about} `.repeat(Math.ceil(length / (about.length + 1)));
const read = (given: readonly Json[]) => {
  const short = shorten(JSON.stringify(given), LIMIT);
  expect(Buffer.byteLength(short)).toBeLessThanOrEqual(LIMIT);
  return JSON.parse(short) as Json[];
};

describe('a list that is too long', () => {
  it('keeps its first and its latest items whole and cuts those between', () => {
    const list = [
      text('system', 'be brief'),
      ...Array.from({ length: 9 }, (_, n) => text('user', words(`n${n}`, 5_000))),
    ];
    const kept = read(list);
    expect(kept).toHaveLength(10);
    expect([kept[0], kept[8], kept[9]]).toEqual([list[0], list[8], list[9]]);
    expect(JSON.stringify(kept[1])).toMatch(/n0 .*…\[\d+ bytes cut\]/);
  });

  it('cuts its latest item to what is left where that alone is too long', () => {
    const kept = read([text('system', 'be brief'), text('user', 'hi'), text('user', words('x', 40_000))]);
    expect(kept.slice(0, 2)).toEqual([text('system', 'be brief'), text('user', 'hi')]);
    expect(JSON.stringify(kept[2]).length).toBeGreaterThan(LIMIT / 4);
  });

  it('loses its middle where there are too many items', () => {
    const list = Array.from({ length: 500 }, (_, n) => text('user', words(`n${n}`, 200)));
    const kept = read(list);
    expect([kept[0], kept.at(-1)]).toEqual([list[0], list[499]]);
  });
});

it('tells each message of a long conversation once and whole, although later calls repeat it cut', () => {
  const messages: Json[] = [];
  const told: string[] = [];
  const spans = Array.from({ length: 12 }, (_, n) => {
    // Prompts from a template begin alike.
    const asked = `${words('Answer from these documents only:', 600)} ${words(`doc${n}`, 3_000)} Question ${n}?`;
    const answer = `Answer ${n}. ${words(`because${n}`, 1_000)}`;
    told.push(`user ${asked}`, `reply ${answer}`);
    messages.push(text('user', asked));
    const input = shorten(JSON.stringify(messages), LIMIT);
    messages.push(text('assistant', answer));
    return span(
      {
        'gen_ai.operation.name': 'chat',
        'gen_ai.input.messages': input,
        'gen_ai.output.messages': JSON.stringify([text('assistant', answer)]),
      },
      { from: n * 20 },
    );
  });
  const events = assembleTrace(spans).events.filter(({ type }) => type === 'user' || type === 'reply');
  expect(events.map((event) => `${event.type} ${'content' in event ? event.content : ''}`)).toEqual(told);
});
