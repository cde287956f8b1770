import { ApoError } from '../../core/errors.ts';
import type { StopSwitch } from '../../engine/stop.ts';

/** How long calls in flight may take to finish after the first signal. */
const GRACE_MS = 30_000;
const SIGNALS = { SIGINT: 'interrupted', SIGTERM: 'terminated', SIGHUP: 'hung-up' } as const;

/**
 * The first Ctrl-C (SIGTERM, SIGHUP) forbids new calls and lets those in flight finish; after {@link GRACE_MS} they are cut
 * off. A second Ctrl-C or SIGTERM ends the process at once: their handlers are gone by then. A second SIGHUP changes nothing,
 * since a terminal that closes sends it more than once (setsid(2): the kernel and the shell do).
 * @param resume the command that continues the run
 * @returns takes the handlers away again
 */
export function stopOnSignals(stop: StopSwitch, resume: string): () => void {
  let isAsked = false;
  function handle(signal: NodeJS.Signals): void {
    if (isAsked) return;
    isAsked = true;
    process.off('SIGINT', handle).off('SIGTERM', handle);
    const code = SIGNALS[signal as keyof typeof SIGNALS];
    stop.request(
      new ApoError(code, `${code.replace('-', ' ')} by ${signal}; every finished call is kept`, { hint: 'continue' }),
    );
    process.stderr.write(
      `\nstopping: calls in flight may finish within ${GRACE_MS / 1000} s; once more to end at once; ${resume} goes on\n`,
    );
    setTimeout(() => stop.abort(), GRACE_MS).unref();
  }
  function release(): void {
    for (const signal of Object.keys(SIGNALS)) process.off(signal, handle);
  }
  for (const signal of Object.keys(SIGNALS)) process.on(signal, handle);
  return release;
}
