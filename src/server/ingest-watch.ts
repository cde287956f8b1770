import type { Ingest } from './ingest.ts';

const PAUSE_MS = 60_000;

/** Says why spans cannot be stored, at most once a minute, and when they can be again: senders are told, operators are not. */
export function watched(ingest: Ingest, warn: (message: string) => void, now: () => number = Date.now): Ingest {
  let failing = false;
  let nextMs = Number.NEGATIVE_INFINITY;
  return {
    async submit(request) {
      const reply = await ingest.submit(request);
      if (reply.status === 503 || reply.status === 500) {
        if (now() >= nextMs) {
          nextMs = now() + PAUSE_MS;
          warn(`spans are not stored, senders get ${reply.status}: ${reply.cause ?? reply.message}`);
        }
        failing = true;
      } else if (failing && reply.status === 200) {
        failing = false;
        nextMs = Number.NEGATIVE_INFINITY;
        warn('spans are stored again');
      }
      return reply;
    },
    close: () => ingest.close(),
  };
}
