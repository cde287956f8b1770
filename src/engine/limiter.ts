import PQueue from 'p-queue';
import type { Clock } from '../core/clock.ts';
import { ModelError } from '../models/model.ts';
import { followAbort } from '../platform/abort.ts';
import { LONGEST_SERVER_WAIT_MS, sleepUnless } from './retry.ts';

/** What is left of the concurrency after a rate-limit episode (Inspect AI's factor). */
const SHRINK_FACTOR = 0.8;
/** Replies in a row, without a rate limit in between, that win one slot back. */
const GROW_AFTER = 10;

/** A place in the limiter, held for a whole logical call, its retries and waits included: waiting is back-pressure. */
export type Slot = {
  /** Wraps every single attempt: waits while the server asked all callers to wait, and learns from the outcome. */
  attempt<T>(send: () => Promise<T>, signal?: AbortSignal): Promise<T>;
};

/** Concurrency of the calls to one model. First come, first served. */
export type Limiter = {
  /** What the user asked for; never exceeded. */
  readonly configured: number;
  /** What the provider's rate limits allow at present. */
  readonly effective: number;
  readonly running: number;
  readonly waiting: number;
  /**
   * Runs the call when a slot is free:
   * `limiter.run((slot) => retry(({ signal }) => slot.attempt(() => model.chat(request, { signal }), signal), policy))`.
   * So a call's deadline starts after the queue. The signal stops claiming only: a call that still waits for its slot, or
   * for the server's permission to send, rejects at once with the signal's reason; one that was sent goes on.
   */
  run<T>(call: (slot: Slot) => Promise<T>, signal?: AbortSignal): Promise<T>;
};

/**
 * Shrinks to 0.8 of the effective concurrency once for each rate-limit episode: the failures of attempts that were sent
 * before the last shrink belong to the same episode. Other failures (5xx, network) do not shrink it.
 */
export function createLimiter(options: { readonly concurrency: number; readonly clock: Clock }): Limiter {
  const { concurrency: configured, clock } = options;
  const queue = new PQueue({ concurrency: configured });
  let episode = 0;
  let successes = 0;
  let pausedUntilMs = Number.NEGATIVE_INFINITY;

  async function pauseOver(...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    // A loop, because another caller may be told to wait longer in the meantime.
    for (let left = pausedUntilMs - clock.now(); left > 0; left = pausedUntilMs - clock.now()) {
      await sleepUnless(clock, left, signals);
    }
  }

  function succeeded(): void {
    successes++;
    if (successes < GROW_AFTER || queue.concurrency >= configured) return;
    successes = 0;
    queue.concurrency++;
  }

  function rateLimited({ retryAfterMs = 0 }: ModelError, sentIn: number): void {
    successes = 0;
    // A longer wait ends the run (see retry), and would only keep its other calls from ending.
    if (retryAfterMs <= LONGEST_SERVER_WAIT_MS) pausedUntilMs = Math.max(pausedUntilMs, clock.now() + retryAfterMs);
    if (sentIn !== episode) return;
    episode++;
    queue.concurrency = Math.max(1, Math.floor(queue.concurrency * SHRINK_FACTOR));
  }

  const createSlot = (stopping: AbortSignal | undefined): Slot => ({
    async attempt(send, signal) {
      await pauseOver(signal, stopping);
      const sentIn = episode;
      try {
        const reply = await send();
        succeeded();
        return reply;
      } catch (error) {
        if (error instanceof ModelError && error.kind === 'rate-limit') rateLimited(error, sentIn);
        throw error;
      }
    },
  });

  return {
    configured,
    get effective() {
      return queue.concurrency;
    },
    get running() {
      return queue.pending;
    },
    get waiting() {
      return queue.size;
    },
    async run<T>(call: (slot: Slot) => Promise<T>, signal?: AbortSignal) {
      signal?.throwIfAborted();
      const start = async (): Promise<T> => {
        await pauseOver(signal);
        return await call(createSlot(signal));
      };
      // Nothing to wait for, so nothing to leave.
      if (queue.size === 0 && queue.pending < queue.concurrency) return await queue.add(start);
      // The queue would drop running calls on abort as well; its own signal ends with the waiting.
      const leave = new AbortController();
      const claimed = signal === undefined ? () => undefined : followAbort(signal, leave);
      return await queue
        .add(
          () => {
            claimed();
            return start();
          },
          { signal: leave.signal },
        )
        .finally(claimed);
    },
  };
}
