import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';

describe('system clock', () => {
  it('sleeps at least as long as asked', async () => {
    const startedAt = systemClock.now();
    await systemClock.sleep(5);
    // Node rounds timers to whole milliseconds.
    expect(systemClock.now() - startedAt).toBeGreaterThanOrEqual(4);
  });

  it('wakes with the reason of a signal, before or while it sleeps, however long', async () => {
    await expect(systemClock.sleep(1e12, AbortSignal.abort('before'))).rejects.toBe('before');
    const stop = new AbortController();
    setImmediate(() => stop.abort('while'));
    await expect(systemClock.sleep(1e12, stop.signal)).rejects.toBe('while');
  });
});
