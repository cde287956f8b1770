import type { ApoError } from '../core/errors.ts';

/**
 * The one switch that ends a run early. Asking it to stop forbids new calls at once and lets those in flight finish;
 * aborting also cuts those off.
 */
export type StopSwitch = {
  /** The first reason wins. */
  request(reason: ApoError): void;
  abort(): void;
  /** Aborted when calls in flight shall end too. */
  readonly signal: AbortSignal;
  readonly reason: ApoError | undefined;
  /** @throws the reason, once there is one. */
  check(): void;
};

export function createStopSwitch(): StopSwitch {
  const controller = new AbortController();
  let reason: ApoError | undefined;
  return {
    request(error) {
      reason ??= error;
    },
    abort: () => controller.abort(reason),
    signal: controller.signal,
    get reason() {
      return reason;
    },
    check() {
      if (reason !== undefined) throw reason;
    },
  };
}
