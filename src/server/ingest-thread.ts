import { Worker } from 'node:worker_threads';
import type { Ingest, IngestReply, IngestRequest } from './ingest.ts';
import type { ServerLimits } from './limits.ts';

export type WorkerStart = { readonly storePath: string; readonly limits: ServerLimits };

type Reply = { readonly id: number; readonly reply: IngestReply };

/** Short-lived objects are most of the work; a small young generation keeps the process small for little time. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 16 };

const GONE: IngestReply = {
  status: 503,
  rejectedSpans: 0,
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
  let worker: Worker | undefined;
  let ended: Promise<void> = Promise.resolve();

  function start(): Worker {
    const data: WorkerStart = { storePath, limits };
    const thread = new Worker(new URL('./ingest-worker.js', import.meta.url), {
      workerData: data,
      resourceLimits: RESOURCE_LIMITS,
    });
    thread.on('message', ({ id, reply }: Reply) => settle(id, reply));
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

  worker = start();
  return {
    submit(request: IngestRequest) {
      worker ??= start();
      const id = nextId++;
      const thread = worker;
      return new Promise((answer) => {
        pending.set(id, answer);
        thread.postMessage({ id, request }, [request.body.buffer]);
      });
    },
    async close() {
      worker?.postMessage('close');
      await ended;
    },
  };
}
