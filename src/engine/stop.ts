import type { ApoError } from '../core/errors.ts';

/**
 * The one switch that ends a run early. Asking it to stop forbids new calls at once and lets those in flight finish;
 * aborting also cuts those off.
 */
export type StopSwitch = {
  /** The first reason wins. */
  request(reason: ApoError): void;
  abort(): void;
  /** Aborted, with the reason, as soon as the run is asked to stop: ends what only waits, not what is in flight. */
  readonly requested: AbortSignal;
  /** Aborted when calls in flight shall end too. */
  readonly signal: AbortSignal;
  readonly reason: ApoError | undefined;
  /** @throws the reason, once there is one. */
  check(): void;
};

export function createStopSwitch(): StopSwitch {
  const requested = new AbortController();
  const controller = new AbortController();
  let reason: ApoError | undefined;
  return {
    request(error) {
      if (reason !== undefined) return;
      reason = error;
      requested.abort(error);
    },
    abort: () => controller.abort(reason),
    requested: requested.signal,
    signal: controller.signal,
    get reason() {
      return reason;
    },
    check() {
      if (reason !== undefined) throw reason;
    },
  };
}
