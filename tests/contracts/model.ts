import { expect, it } from 'vitest';
import type { ChatRequest, Model } from '../../src/models/model.ts';

/** What the suite needs from an implementation under test. */
export type ModelUnderTest = AsyncDisposable & {
  readonly model: Model;
  /** A name that the model answers to. */
  readonly name: string;
};

/** What every model keeps; called inside the `describe` of each implementation. */
export function modelContract(create: () => Promise<ModelUnderTest>): void {
  const requestTo = (name: string, text = 'Say something.'): ChatRequest => ({
    model: name,
    messages: [
      { role: 'system', content: 'You are brief.' },
      { role: 'user', content: text },
    ],
    temperature: 0,
    maxOutputTokens: 64,
  });
  const open = new AbortController().signal;

  it('names its provider and says whether it is simulated', async () => {
    await using subject = await create();
    expect(subject.model.provider).toMatch(/\S/);
    expect(typeof subject.model.simulated).toBe('boolean');
  });

  it('answers with a complete reply that survives the journal', async () => {
    await using subject = await create();
    const reply = await subject.model.chat(requestTo(subject.name), { signal: open });
    expect(JSON.parse(JSON.stringify(reply))).toEqual(reply);
    expect(reply).toEqual({
      content: expect.any(String),
      thinking: expect.any(String),
      toolCalls: expect.any(Array),
      finishReason: expect.stringMatching(/\S/),
      usage: expect.any(Object),
      model: expect.stringMatching(/\S/),
      responseId: expect.any(String),
    });
  });

  it('counts tokens as whole numbers, cached within input and reasoning within output', async () => {
    await using subject = await create();
    const { usage } = await subject.model.chat(requestTo(subject.name), { signal: open });
    for (const count of [usage.input, usage.output, usage.cached, usage.reasoning]) {
      expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
    }
    expect(usage.cached).toBeLessThanOrEqual(usage.input);
    expect(usage.reasoning).toBeLessThanOrEqual(usage.output);
    expect(typeof usage.estimated).toBe('boolean');
  });

  it('leaves the request as it is', async () => {
    await using subject = await create();
    const request = requestTo(subject.name);
    const before = JSON.stringify(request);
    await subject.model.chat(deepFreeze(request), { signal: open });
    expect(JSON.stringify(request)).toBe(before);
  });

  it('answers many calls at the same time', async () => {
    await using subject = await create();
    const calls = Array.from({ length: 16 }, (_, index) =>
      subject.model.chat(requestTo(subject.name, `Question ${index}`), {
        signal: open,
        idempotencyKey: `key-${index}`,
      }),
    );
    expect(await Promise.all(calls)).toHaveLength(16);
  });

  it('rejects with the reason of a signal that is aborted already', async () => {
    await using subject = await create();
    const reason = new Error('interrupted');
    const call = subject.model.chat(requestTo(subject.name), { signal: AbortSignal.abort(reason) });
    await expect(call).rejects.toBe(reason);
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
