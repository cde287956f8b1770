import { parentPort, workerData } from 'node:worker_threads';
import createSqliteStore from '../stores/sqlite.ts';
import { archiveTraces } from '../traces/cold/archive.ts';
import type { RetentionStart } from './retention.ts';

/** The thread of one run, see {@link retentionInThread}. */
const { storePath, key, retention } = workerData as RetentionStart;
const stopped = new AbortController();
parentPort?.once('message', () => stopped.abort());

const store = createSqliteStore({ path: storePath, create: false }, { folder: '/' });
try {
  const context = { now: new Date(), key, signal: stopped.signal, keepSpace: true };
  const report = await archiveTraces(store.traces, retention, context);
  parentPort?.postMessage(report);
} finally {
  await store.close();
  parentPort?.close();
}
