import { ApoError } from '../../core/errors.ts';
import type { StopSwitch } from '../../engine/stop.ts';

/** How long calls in flight may take to finish after the first signal. */
const GRACE_MS = 30_000;

/**
 * The first Ctrl-C (or SIGTERM) forbids new calls and lets those in flight finish; after {@link GRACE_MS} they are cut off.
 * The second one ends the process at once: the handler is gone by then.
 * @returns takes the handlers away again
 */
export function stopOnSignals(stop: StopSwitch): () => void {
  const handlers = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const handler = (): void => {
      const code = signal === 'SIGINT' ? 'interrupted' : 'terminated';
      stop.request(new ApoError(code, `${code} by ${signal}; calls in flight were finished`, { hint: 'continue' }));
      process.stderr.write(
        `\nstopping: calls in flight may finish within ${GRACE_MS / 1000} s; once more to end at once\n`,
      );
      setTimeout(() => stop.abort(), GRACE_MS).unref();
    };
    process.once(signal, handler);
    return { signal, handler };
  });
  return () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
}
