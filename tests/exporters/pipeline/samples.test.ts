import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../../src/core/trace.ts';
import { NO_USAGE } from '../../../src/core/usage.ts';
import { takenOf } from '../conversations.ts';

describe('a production trace as a sample', () => {
  const at = { at: 0, spanId: '1' };
  const events = (finishReason: string): readonly TraceEvent[] => [
    { ...at, type: 'user', content: 'hi' },
    {
      ...at,
      type: 'model_call',
      startedAt: 0,
      provider: '',
      model: 'm',
      finishReason,
      responseId: '',
      usage: NO_USAGE,
    },
    { ...at, type: 'reply', content: 'Hal' },
  ];

  it.each([
    ['stop', 'ok'],
    ['', 'ok'],
    ['length', 'truncated'],
    ['MAX_TOKENS', 'truncated'],
    ['broken_off', 'truncated'],
    ['content_filter', 'refused'],
    ['content-filter', 'refused'],
    ['SAFETY', 'refused'],
  ])('that finished with "%s" is %s', (finishReason, status) => {
    const taken = takenOf(events(finishReason));
    expect(taken).toMatchObject({ ok: true, sample: { status } });
  });
});
