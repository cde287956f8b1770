import { parentPort, workerData } from 'node:worker_threads';
import createSqliteStore from '../stores/sqlite.ts';
import { createInlineIngest } from './ingest-inline.ts';
import type { NumberedReply, NumberedRequest, WorkerStart } from './ingest-thread.ts';

/** The thread that decodes and stores: the main thread stays free for other routes whatever arrives here. */
const { storePath, limits } = workerData as WorkerStart;
const store = createSqliteStore({ path: storePath, create: true }, { folder: '/' });
const ingest = createInlineIngest(store.traces, limits, Date.now);

/** Replies of one batch go back in one message: a message wakes the other thread up, which costs more than its content. */
let replies: NumberedReply[] = [];

function reply(numbered: NumberedReply): void {
  if (replies.length === 0) {
    // After the other replies of the batch: those are in line already.
    queueMicrotask(() => {
      parentPort?.postMessage(replies);
      replies = [];
    });
  }
  replies.push(numbered);
}

parentPort?.on('message', async (message: readonly NumberedRequest[] | 'close') => {
  if (message === 'close') {
    await ingest.close();
    await store.close();
    parentPort?.close();
    return;
  }
  for (const { id, request } of message) void ingest.submit(request).then((given) => reply({ id, reply: given }));
});
