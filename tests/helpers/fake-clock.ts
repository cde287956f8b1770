import type { Clock } from '../../src/core/clock.ts';

export type FakeClock = Clock & {
  /** Runs the work to its end; whenever it only waits, time jumps to the next sleeper. Nothing really sleeps. */
  run<T>(work: Promise<T>): Promise<T>;
  /** How many sleep. */
  readonly sleeping: number;
  /** Jumps to the next sleeper. */
  tick(): Promise<void>;
};

/** Virtual time from 0 (its epoch is 2026-01-01), so that a test of ten minutes takes none. */
export function createFakeClock(): FakeClock {
  let time = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  function next(): void {
    const [first] = [...sleepers].sort((a, b) => a.at - b.at);
    if (first === undefined) return;
    time = Math.max(time, first.at);
    sleepers.delete(first);
    first.wake();
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  return {
    now: () => time,
    get sleeping() {
      return sleepers.size;
    },
    epoch: () => Date.UTC(2026, 0, 1) + time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const leave = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const wake = (): void => {
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        const sleeper = { at: time + Math.max(0, ms), wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', leave, { once: true });
      }),
    after(ms, callback) {
      const sleeper = { at: time + Math.max(0, ms), wake: callback };
      sleepers.add(sleeper);
      return () => sleepers.delete(sleeper);
    },
    async run(work) {
      let done = false;
      const end = (): void => {
        done = true;
      };
      work.then(end, end);
      for (await settle(); !done; await settle()) next();
      return await work;
    },
    async tick() {
      await settle();
      next();
      await settle();
    },
  };
}
