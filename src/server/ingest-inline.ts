import type { TraceStore } from '../stores/trace-store.ts';
import { type Ingest, type IngestReply, type IngestRequest, ingestTogether } from './ingest.ts';
import type { ServerLimits } from './limits.ts';

/** Bytes and requests that go into one transaction. */
const BATCH_BYTES = 512 * 1024;
const BATCH_REQUESTS = 64;

type Waiting = { readonly request: IngestRequest; readonly answer: (reply: IngestReply) => void };

/** Batches whose way to the disk is under way. A second one is decoded and written while the first is flushed. */
const MAX_OPEN = 2;

/** Requests that arrive while a transaction runs share the next one. Work happens in this thread. */
export function createInlineIngest(store: TraceStore, limits: ServerLimits, now: () => number): Ingest {
  const waiting: Waiting[] = [];
  const open = new Set<Promise<void>>();
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    // One turn of the event loop, so that requests which are already here come along.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch: Promise<void> = save(nextBatch(waiting)).finally(() => open.delete(batch));
      open.add(batch);
      if (open.size >= MAX_OPEN) await Promise.race(open);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    running = undefined;
  }
  async function save(batch: readonly Waiting[]): Promise<void> {
    const requests = batch.map(({ request }) => request);
    const replies = await ingestTogether(store, requests, limits, now());
    batch.forEach(({ answer }, index) => {
      answer(replies[index] as IngestReply);
    });
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
      await Promise.all(open);
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
