import { Worker } from 'node:worker_threads';
import type { Ingest, IngestReply, IngestRequest } from './ingest.ts';
import type { ServerLimits } from './limits.ts';

export type WorkerStart = { readonly storePath: string; readonly limits: ServerLimits };

export type NumberedRequest = { readonly id: number; readonly request: IngestRequest };
export type NumberedReply = { readonly id: number; readonly reply: IngestReply };

/** Short-lived objects are most of the work; a small young generation keeps the process small for little time. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 16 };

const GONE: IngestReply = {
  status: 503,
  rejected: 0,
  message: 'the spans could not be stored, send them again',
};

/**
 * Decoding and storing in a thread of its own, which holds its own connection to the store. When the thread dies, what it
 * had not committed is answered with 503 and the next request starts a new one.
 * @param storePath absolute path of a store that exists
 */
export function createIngestThread(storePath: string, limits: ServerLimits): Ingest {
  const pending = new Map<number, (reply: IngestReply) => void>();
  let nextId = 0;
  let outbox: NumberedRequest[] = [];
  let worker: Worker | undefined;
  let ended: Promise<void> = Promise.resolve();

  function start(): Worker {
    const data: WorkerStart = { storePath, limits };
    const thread = new Worker(new URL('./ingest-worker.js', import.meta.url), {
      workerData: data,
      resourceLimits: RESOURCE_LIMITS,
    });
    thread.on('message', (replies: readonly NumberedReply[]) => {
      for (const { id, reply } of replies) settle(id, reply);
    });
    // An error without a listener would end the process; the exit that follows is what counts.
    thread.on('error', () => {});
    ended = new Promise((resolve) => {
      thread.on('exit', () => {
        worker = undefined;
        for (const id of [...pending.keys()]) settle(id, GONE);
        resolve();
      });
    });
    return thread;
  }
  function settle(id: number, reply: IngestReply): void {
    pending.get(id)?.(reply);
    pending.delete(id);
  }

  /** What came in one turn of the event loop goes over in one message. */
  function send(): void {
    const requests = outbox;
    outbox = [];
    if (requests.length === 0) return;
    worker ??= start();
    worker.postMessage(
      requests,
      requests.map(({ request }) => request.body.buffer),
    );
  }

  worker = start();
  return {
    submit(request: IngestRequest) {
      const id = nextId++;
      if (outbox.length === 0) setImmediate(send);
      outbox.push({ id, request });
      return new Promise((answer) => pending.set(id, answer));
    },
    async close() {
      send();
      worker?.postMessage('close');
      await ended;
    },
  };
}
