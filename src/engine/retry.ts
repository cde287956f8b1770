import type { Clock } from '../core/clock.ts';
import { type FaultKind, ModelError } from '../models/model.ts';
import { abortable, followAbort } from '../platform/abort.ts';

/*
 * The one owner of retries: provider clients have theirs switched off. It knows the classes of failures, not the
 * providers. Backoff is exponential with "equal jitter": half of the step is fixed, half is random.
 */

/** A server that asks for a longer wait is out of quota for this run, which then stops, resumable, instead of sleeping. */
export const LONGEST_SERVER_WAIT_MS = 10 * 60_000;

export type RetryPolicy = {
  /** For a whole logical call: all attempts and all waits between them. Default 300,000 (5 minutes). */
  readonly deadlineMs?: number;
  /** Attempts that may fail other than by `rate-limit`, which only the deadline bounds. Default 8. */
  readonly maxAttempts?: number;
  /** First backoff step; it doubles with every failure. Default 500. */
  readonly backoffMs?: number;
  /** Longest backoff step. Default 30,000. */
  readonly maxBackoffMs?: number;
  readonly clock: Clock;
  /** Uniform in [0, 1); it only spreads the waits. */
  readonly random: () => number;
  /** The caller's: stops attempts and waits at once; its reason is what `retry` then throws. */
  readonly signal: AbortSignal;
  /** Ends waits only, with its reason: an attempt in flight goes on. */
  readonly leave?: AbortSignal;
  /** Called before every wait. */
  readonly onRetry?: (retry: { readonly attempt: number; readonly waitMs: number; readonly error: ModelError }) => void;
};

/** How often each retryable class may be retried within one logical call; one that is not listed never is. */
const RETRIES: { readonly [kind in FaultKind]?: number } = {
  'rate-limit': Number.POSITIVE_INFINITY,
  overloaded: Number.POSITIVE_INFINITY,
  network: Number.POSITIVE_INFINITY,
  timeout: Number.POSITIVE_INFINITY,
  protocol: 1,
};

/**
 * Makes a logical call: attempts until one succeeds, fails for good, or the deadline passes. The signal given to the
 * attempt aborts with the caller's and at the deadline. A wait that would end after the deadline is not begun.
 * @throws ModelError of the last failure, its message extended by the number of attempts; kind `quota` when the server
 * asks for a wait of more than 10 minutes, `timeout` when the deadline cuts an attempt; the signal's reason when aborted;
 * anything that is no ModelError as it is.
 */
export async function retry<T>(
  attempt: (context: { readonly signal: AbortSignal; readonly attempt: number }) => Promise<T>,
  policy: RetryPolicy,
): Promise<{ readonly value: T; readonly attempts: number }> {
  const { deadlineMs = 300_000, maxAttempts = 8, clock, signal } = policy;
  const started = clock.now();
  const failures = new Map<FaultKind, number>();
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      const remainingMs = deadlineMs - (clock.now() - started);
      const value = await withDeadline((inner) => attempt({ signal: inner, attempt: attempts }), remainingMs, policy);
      return { value, attempts };
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof ModelError)) throw thrown;
      const error = quotaWhenTooLong(thrown);
      const sameKind = (failures.get(error.kind) ?? 0) + 1;
      failures.set(error.kind, sameKind);
      const waitMs = Math.max(error.retryAfterMs ?? 0, backoff(attempts, policy));
      const hopeless =
        sameKind > (RETRIES[error.kind] ?? 0) ||
        attempts - (failures.get('rate-limit') ?? 0) >= maxAttempts ||
        clock.now() - started + waitMs >= deadlineMs;
      if (hopeless) throw attempts === 1 ? error : withCount(error, attempts, clock.now() - started);
      policy.onRetry?.({ attempt: attempts, waitMs, error });
      await sleepUnless(clock, waitMs, [signal, policy.leave]);
    }
  }
}

/** Rejects with the reason of whichever signal aborts first. */
export async function sleepUnless(
  clock: Clock,
  ms: number,
  signals: readonly (AbortSignal | undefined)[],
): Promise<void> {
  const stop = new AbortController();
  const unfollow = signals.flatMap((leader) => (leader === undefined ? [] : [followAbort(leader, stop)]));
  try {
    await clock.sleep(ms, stop.signal);
  } finally {
    for (const end of unfollow) end();
  }
}

function backoff(attempts: number, { backoffMs = 500, maxBackoffMs = 30_000, random }: RetryPolicy): number {
  const step = Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1));
  return Math.round(step / 2 + (step / 2) * random());
}

/** Races the attempt against the deadline and the caller's signal, so that even one that ignores its signal ends. */
async function withDeadline<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  remainingMs: number,
  { clock, signal }: RetryPolicy,
): Promise<T> {
  const stop = new AbortController();
  const unfollow = followAbort(signal, stop);
  const cancel = clock.after(remainingMs, () => {
    stop.abort(new ModelError('timeout', 'no reply within the deadline of the logical call'));
  });
  try {
    return await abortable(stop.signal, () => attempt(stop.signal));
  } finally {
    cancel();
    unfollow();
  }
}

function quotaWhenTooLong(error: ModelError): ModelError {
  const { retryAfterMs = 0 } = error;
  if (retryAfterMs <= LONGEST_SERVER_WAIT_MS || RETRIES[error.kind] === undefined) return error;
  const wait = `the server asks to wait ${Math.ceil(retryAfterMs / 60_000)} minutes`;
  return new ModelError('quota', `${error.message} (${wait})`, { ...detailsOf(error), cause: error });
}

function withCount(error: ModelError, attempts: number, elapsedMs: number): ModelError {
  const seconds = (elapsedMs / 1000).toFixed(elapsedMs < 10_000 ? 1 : 0);
  const message = `${error.message} (${attempts} attempts in ${seconds} s)`;
  return new ModelError(error.kind, message, { ...detailsOf(error), cause: error });
}

function detailsOf({ status, retryAfterMs }: ModelError): { status?: number; retryAfterMs?: number } {
  return { ...(status === undefined ? {} : { status }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
