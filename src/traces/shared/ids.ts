import { hashOf } from '../../core/json.ts';

const ALL_ZERO = /^0+$/;

/** W3C trace context: 32 lower-case hex digits, not all zero. */
export function isTraceId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value) && !ALL_ZERO.test(value);
}

/** W3C trace context: 16 lower-case hex digits, not all zero. */
export function isSpanId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value) && !ALL_ZERO.test(value);
}

/** Trace id of a rollout: the same after a resume and after a rebuild. */
export function traceIdOf(runId: string, rolloutId: string): string {
  return hashOf(['trace', runId, rolloutId]).slice(0, 32);
}

/** Id of a step's span within its trace. Steps are named `agent`, `chat 0`, `chat 1` ..., `tool 0`, `tool 1` ... */
export function spanIdOf(traceId: string, step: string): string {
  return hashOf(['span', traceId, step]).slice(0, 16);
}
