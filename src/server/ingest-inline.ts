import type { TraceStore } from '../stores/trace-store.ts';
import { type Ingest, type IngestReply, type IngestRequest, ingestTogether } from './ingest.ts';
import type { ServerLimits } from './limits.ts';

/** Bytes and requests that go into one transaction. */
const BATCH_BYTES = 512 * 1024;
const BATCH_REQUESTS = 64;

type Waiting = { readonly request: IngestRequest; readonly answer: (reply: IngestReply) => void };

/** Requests that arrive while a transaction runs share the next one. Work happens in this thread. */
export function createInlineIngest(store: TraceStore, limits: ServerLimits, now: () => number): Ingest {
  const waiting: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    // One turn of the event loop, so that requests which are already here come along.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = nextBatch(waiting);
      const replies = await ingestTogether(
        store,
        batch.map(({ request }) => request),
        limits,
        now(),
      );
      batch.forEach(({ answer }, index) => {
        answer(replies[index] as IngestReply);
      });
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    running = undefined;
  }

  return {
    submit(request) {
      return new Promise((answer) => {
        waiting.push({ request, answer });
        running ??= drain();
      });
    },
    async close() {
      await running;
    },
  };
}

function nextBatch(waiting: Waiting[]): readonly Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { request } of waiting) {
    bytes += request.body.byteLength;
    if (count > 0 && (bytes > BATCH_BYTES || count >= BATCH_REQUESTS)) break;
    count++;
  }
  return waiting.splice(0, count);
}
