import { setMaxListeners } from 'node:events';

/** Runs foreign code that may ignore the signal: rejects with the signal's reason as soon as it is aborted. */
export async function abortable<T>(signal: AbortSignal, perform: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([perform(), aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}

/**
 * Aborts the follower whenever the leader aborts, with its reason; returns how to stop following. Unlike AbortSignal.any it
 * leaves nothing behind on a leader that outlives thousands of followers.
 */
export function followAbort(leader: AbortSignal, follower: AbortController): () => void {
  const forward = (): void => follower.abort(leader.reason);
  if (leader.aborted) forward();
  // One signal may stop all calls in flight, however many; Node's warning at 10 listeners is about leaks.
  setMaxListeners(0, leader);
  leader.addEventListener('abort', forward, { once: true });
  return () => leader.removeEventListener('abort', forward);
}
