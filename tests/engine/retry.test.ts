import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type RetryPolicy, retry } from '../../src/engine/retry.ts';
import { type FaultKind, ModelError } from '../../src/models/model.ts';
import { createFakeClock, type FakeClock } from '../helpers/fake-clock.ts';

const RETRYABLE = ['rate-limit', 'overloaded', 'network', 'timeout'] as const;
const FINAL = ['context-overflow', 'too-large', 'auth', 'model-unknown', 'quota', 'invalid', 'fatal'] as const;

const fault = (kind: FaultKind, retryAfterMs?: number): ModelError =>
  new ModelError(kind, `${kind} happened`, retryAfterMs === undefined ? {} : { retryAfterMs });

function policyOf(clock: FakeClock, more: Partial<RetryPolicy> = {}): RetryPolicy {
  return { clock, random: () => 0.5, signal: new AbortController().signal, ...more };
}

/** An attempt that fails with each of the faults in turn and then succeeds. */
function failing(...faults: readonly Error[]): () => Promise<string> {
  const left = [...faults];
  return async () => {
    const next = left.shift();
    if (next !== undefined) throw next;
    return 'done';
  };
}

describe('retry', () => {
  it('returns the first success and how many attempts it took', async () => {
    const clock = createFakeClock();
    expect(await retry(failing(), policyOf(clock))).toEqual({ value: 'done', attempts: 1 });
    const late = retry(failing(fault('network'), fault('overloaded')), policyOf(clock));
    expect(await clock.run(late)).toEqual({ value: 'done', attempts: 3 });
    expect(clock.sleeping).toBe(0);
  });

  it.each(RETRYABLE)('tries again after %s', async (kind) => {
    const clock = createFakeClock();
    expect(await clock.run(retry(failing(fault(kind), fault(kind)), policyOf(clock)))).toMatchObject({ attempts: 3 });
  });

  it.each(FINAL)('never tries again after %s', async (kind) => {
    const clock = createFakeClock();
    const error = fault(kind, 5);
    await expect(clock.run(retry(failing(error), policyOf(clock)))).rejects.toBe(error);
    expect(clock.now()).toBe(0);
  });

  it('tries again once after a protocol fault', async () => {
    const clock = createFakeClock();
    expect(await clock.run(retry(failing(fault('protocol')), policyOf(clock)))).toMatchObject({ attempts: 2 });
    const twice = retry(failing(fault('protocol'), fault('network'), fault('protocol')), policyOf(clock));
    await expect(clock.run(twice)).rejects.toMatchObject({ kind: 'protocol', message: /\(3 attempts in/ });
  });

  it('doubles the wait, jittered between half and all of the step, up to the largest step', async () => {
    for (const [random, factor] of [
      [0, 0.5],
      [0.5, 0.75],
    ] as const) {
      const clock = createFakeClock();
      const waits: number[] = [];
      const work = retry(failing(...Array.from({ length: 6 }, () => fault('network'))), {
        ...policyOf(clock, { random: () => random, backoffMs: 100, maxBackoffMs: 1000 }),
        onRetry: ({ waitMs }) => waits.push(waitMs),
      });
      await clock.run(work);
      expect(waits).toEqual([100, 200, 400, 800, 1000, 1000].map((step) => step * factor));
    }
  });

  it('waits as long as the server says when that is longer than the backoff', async () => {
    const clock = createFakeClock();
    await clock.run(retry(failing(fault('rate-limit', 60_000)), policyOf(clock)));
    expect(clock.now()).toBe(60_000);
  });

  it('takes a wait of more than ten minutes for an exhausted quota, without sleeping', async () => {
    const clock = createFakeClock();
    const work = retry(failing(fault('rate-limit', 600_001)), policyOf(clock, { deadlineMs: 3_600_000 }));
    await expect(clock.run(work)).rejects.toMatchObject({ kind: 'quota', retryAfterMs: 600_001 });
    expect(clock.now()).toBe(0);
    const exactly = retry(failing(fault('rate-limit', 600_000)), policyOf(clock, { deadlineMs: 3_600_000 }));
    expect(await clock.run(exactly)).toMatchObject({ attempts: 2 });
  });

  it('gives up after the attempts that the policy allows, rate limits not counted', async () => {
    const clock = createFakeClock();
    const always = vi.fn(async () => {
      throw fault('network');
    });
    await expect(clock.run(retry(always, policyOf(clock, { maxAttempts: 3 })))).rejects.toMatchObject({
      kind: 'network',
      message: 'network happened (3 attempts in 1.1 s)',
    });
    expect(always).toHaveBeenCalledTimes(3);
    const limited = failing(fault('rate-limit'), fault('rate-limit'), fault('network'), fault('rate-limit'));
    expect(await clock.run(retry(limited, policyOf(clock, { maxAttempts: 2 })))).toMatchObject({ attempts: 5 });
  });

  it('cuts an attempt that never ends at the deadline, and tells it', async () => {
    const clock = createFakeClock();
    let told: unknown;
    const hung = retry(
      ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            told = signal.reason;
          });
        }),
      policyOf(clock, { deadlineMs: 7000 }),
    );
    await expect(clock.run(hung)).rejects.toMatchObject({ kind: 'timeout' });
    expect(clock.now()).toBe(7000);
    expect(told).toMatchObject({ kind: 'timeout' });
  });

  it('does not begin a wait that would end after the deadline', async () => {
    const clock = createFakeClock();
    const work = retry(failing(fault('rate-limit', 8000)), policyOf(clock, { deadlineMs: 8000 }));
    await expect(clock.run(work)).rejects.toMatchObject({ kind: 'rate-limit' });
    expect(clock.now()).toBe(0);
  });

  it('a logical call never takes longer than its deadline, whatever happens', async () => {
    const step = fc.record({
      kind: fc.constantFrom<FaultKind>(...RETRYABLE, ...FINAL, 'protocol'),
      afterMs: fc.option(fc.nat(20_000), { nil: undefined }),
      tookMs: fc.nat(20_000),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 1, max: 60_000 }),
        async (steps, deadlineMs) => {
          const clock = createFakeClock();
          const left = [...steps];
          const attempt = async ({ signal }: { signal: AbortSignal }): Promise<string> => {
            const next = left.shift();
            if (next === undefined) return 'done';
            await clock.sleep(next.tookMs, signal);
            throw fault(next.kind, next.afterMs);
          };
          await clock.run(retry(attempt, policyOf(clock, { deadlineMs })).catch(() => undefined));
          expect(clock.now()).toBeLessThanOrEqual(deadlineMs);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('stops at once with the reason of the signal, while it waits and while it attempts', async () => {
    for (const attempt of [failing(fault('rate-limit', 90_000)), () => new Promise<string>(() => undefined)]) {
      const clock = createFakeClock();
      const stop = new AbortController();
      const work = retry(attempt, policyOf(clock, { signal: stop.signal }));
      setImmediate(() => stop.abort('interrupted'));
      await expect(work).rejects.toBe('interrupted');
      expect(clock.now()).toBe(0);
    }
  });

  it('does not attempt anything when it is stopped before', async () => {
    const attempt = vi.fn(failing());
    const work = retry(attempt, policyOf(createFakeClock(), { signal: AbortSignal.abort('before') }));
    await expect(work).rejects.toBe('before');
    expect(attempt).not.toHaveBeenCalled();
  });

  it('passes on errors that are no faults of a provider', async () => {
    const bug = new TypeError('a bug');
    await expect(retry(failing(bug), policyOf(createFakeClock()))).rejects.toBe(bug);
  });
});
