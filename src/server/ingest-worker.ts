import { parentPort, workerData } from 'node:worker_threads';
import createSqliteStore from '../stores/sqlite.ts';
import type { IngestRequest } from './ingest.ts';
import { createInlineIngest } from './ingest-inline.ts';
import type { WorkerStart } from './ingest-thread.ts';

/** The thread that decodes and stores: the main thread stays free for other routes whatever arrives here. */
const { storePath, limits } = workerData as WorkerStart;
const store = createSqliteStore({ path: storePath, create: true }, { folder: '/' });
const ingest = createInlineIngest(store.traces, limits, Date.now);

parentPort?.on('message', async (message: { id: number; request: IngestRequest } | 'close') => {
  if (message === 'close') {
    await ingest.close();
    await store.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage({ id: message.id, reply: await ingest.submit(message.request) });
});
