import { expect, it } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import { MAX_CONTEXT_CHARACTERS, MAX_CONTEXT_MESSAGES, trimContext } from '../../src/history/shared/context.ts';

/** A question with six replies, so that the limit falls into the middle of a turn. */
function turn(content: string): readonly Message[] {
  return [{ role: 'user', content }, ...Array.from({ length: 6 }, () => ({ role: 'assistant' as const, content }))];
}

it('cuts at whole turns', () => {
  const { messages, omitted } = trimContext(Array.from({ length: 10 }, (_, at) => turn(String(at))).flat());
  expect(messages[0]).toEqual({ role: 'user', content: '2' });
  expect(messages.length).toBeLessThanOrEqual(MAX_CONTEXT_MESSAGES);
  expect(omitted).toBe(14);
});

it('cuts by length too', () => {
  const long = 'x'.repeat(MAX_CONTEXT_CHARACTERS / 10);
  const { messages, omitted } = trimContext([...turn(long), ...turn(long)]);
  expect([messages.length, omitted]).toEqual([7, 7]);
});

it('keeps a short conversation as it is', () => {
  const messages = turn('hello');
  expect(trimContext(messages)).toEqual({ messages, omitted: 0 });
});
