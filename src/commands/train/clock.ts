import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../engine/clock.ts';

/** The machine's time, for the engine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};
