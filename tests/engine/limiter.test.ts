import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimiter, type Limiter } from '../../src/engine/limiter.ts';
import { type FaultKind, ModelError } from '../../src/models/model.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const fault = (kind: FaultKind, retryAfterMs?: number): ModelError =>
  new ModelError(kind, kind, retryAfterMs === undefined ? {} : { retryAfterMs });

/** One call of one attempt with the given end. */
const call = (limiter: Limiter, send: () => Promise<unknown>): Promise<unknown> =>
  limiter.run((slot) => slot.attempt(send)).catch((error: unknown) => error);
const succeed = async (): Promise<string> => 'ok';
const fail = (kind: FaultKind, retryAfterMs?: number) => async (): Promise<never> => {
  throw fault(kind, retryAfterMs);
};

/** Sends a wave of calls at the same time, so that all of them are sent before the first one ends. */
async function wave(limiter: Limiter, count: number, send: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => call(limiter, () => new Promise(setImmediate).then(send))));
}

describe('limiter', () => {
  it('runs no more calls at once than configured, in the order of their arrival', async () => {
    const limiter = createLimiter({ concurrency: 3, clock: createFakeClock() });
    const admitted: number[] = [];
    let running = 0;
    let peak = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        limiter.run(async () => {
          admitted.push(index);
          peak = Math.max(peak, ++running);
          await new Promise(setImmediate);
          running--;
        }),
      ),
    );
    expect(peak).toBe(3);
    expect(admitted).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('shrinks to 0.8 once per rate-limit episode, however many calls it hits', async () => {
    const limiter = createLimiter({ concurrency: 10, clock: createFakeClock() });
    await wave(limiter, 10, fail('rate-limit'));
    expect([limiter.configured, limiter.effective]).toEqual([10, 8]);
    await wave(limiter, 8, fail('rate-limit'));
    expect(limiter.effective).toBe(6);
  });

  it.each(['overloaded', 'network', 'timeout', 'protocol', 'quota'] as const)('does not shrink on %s', async (kind) => {
    const limiter = createLimiter({ concurrency: 10, clock: createFakeClock() });
    await wave(limiter, 10, fail(kind));
    expect(limiter.effective).toBe(10);
  });

  it('keeps one slot, and wins one back after every ten replies in a row, up to the configured number', async () => {
    const limiter = createLimiter({ concurrency: 3, clock: createFakeClock() });
    for (let episode = 0; episode < 9; episode++) await call(limiter, fail('rate-limit'));
    expect(limiter.effective).toBe(1);
    const effectiveAfter = async (replies: number): Promise<number> => {
      for (let reply = 0; reply < replies; reply++) await call(limiter, succeed);
      return limiter.effective;
    };
    expect([
      await effectiveAfter(9),
      await effectiveAfter(1),
      await effectiveAfter(10),
      await effectiveAfter(50),
    ]).toEqual([1, 2, 3, 3]);
  });

  it('holds back every caller, queued or retrying, while the server asked to wait', async () => {
    const clock = createFakeClock();
    const limiter = createLimiter({ concurrency: 2, clock });
    const sentAt: number[] = [];
    const send = async (): Promise<void> => {
      sentAt.push(clock.now());
    };
    await call(limiter, fail('rate-limit', 5000));
    await clock.run(Promise.all([call(limiter, send), call(limiter, send), call(limiter, send)]));
    expect(sentAt).toEqual([5000, 5000, 5000]);
  });

  it('holds back the next attempt of a call that runs already', async () => {
    const clock = createFakeClock();
    const limiter = createLimiter({ concurrency: 2, clock });
    const running = limiter.run(async (slot) => {
      await slot.attempt(fail('network')).catch(() => clock.sleep(10));
      return await slot.attempt(async () => clock.now());
    });
    await call(limiter, fail('rate-limit', 5000));
    expect(await clock.run(running)).toBe(5000);
  });

  it('does not hold back callers for a wait that ends the run', async () => {
    const clock = createFakeClock();
    const limiter = createLimiter({ concurrency: 2, clock });
    await call(limiter, fail('rate-limit', 3_600_000));
    expect(await call(limiter, succeed)).toBe('ok');
    expect(clock.now()).toBe(0);
  });

  it('an abort rejects calls that wait for a slot and leaves those that run', async () => {
    const limiter = createLimiter({ concurrency: 1, clock: createFakeClock() });
    const stop = new AbortController();
    let finish: (text: string) => void = () => undefined;
    const running = limiter.run(() => new Promise<string>((resolve) => (finish = resolve)), stop.signal);
    const queued = limiter.run(succeed, stop.signal);
    await new Promise(setImmediate);
    stop.abort('stop claiming');
    await expect(queued).rejects.toBe('stop claiming');
    await expect(limiter.run(succeed, stop.signal)).rejects.toBe('stop claiming');
    expect([limiter.running, limiter.waiting]).toEqual([1, 0]);
    finish('finished');
    expect(await running).toBe('finished');
    expect(await call(limiter, succeed)).toBe('ok');
  });

  it('an abort ends the waiting for a shared pause', async () => {
    const limiter = createLimiter({ concurrency: 1, clock: createFakeClock() });
    await call(limiter, fail('rate-limit', 5000));
    const stop = new AbortController();
    const queued = limiter.run(succeed, stop.signal);
    setImmediate(() => stop.abort('stop'));
    await expect(queued).rejects.toBe('stop');
  });

  it('stays within one and the configured number, and serves everyone, whatever happens', async () => {
    const ends = fc.constantFrom<'ok' | FaultKind>('ok', 'ok', 'ok', 'rate-limit', 'overloaded');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.array(ends, { maxLength: 80 }),
        async (concurrency, outcomes) => {
          const limiter = createLimiter({ concurrency, clock: createFakeClock() });
          let running = 0;
          const served = await Promise.all(
            outcomes.map((end) =>
              call(limiter, async () => {
                expect(++running).toBeLessThanOrEqual(concurrency);
                await new Promise(setImmediate);
                running--;
                expect(limiter.effective).toBeGreaterThanOrEqual(1);
                expect(limiter.effective).toBeLessThanOrEqual(concurrency);
                if (end !== 'ok') throw fault(end);
                return end;
              }),
            ),
          );
          expect(served.map((end) => (end instanceof ModelError ? end.kind : end))).toEqual(outcomes);
        },
      ),
      { numRuns: 30 },
    );
  });
});
