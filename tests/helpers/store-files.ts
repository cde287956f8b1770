import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { isApoError } from '../../src/core/errors.ts';
import { hashOf } from '../../src/core/json.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import type { Store } from '../../src/stores/store.ts';
import { AT, aCandidate, aKey, aReply, aRollout, aRun, aVersion, collect } from './store-data.ts';

export function openStore(path: string, create = true): Store {
  return createSqliteStore({ path, create }, { folder: '/' });
}

/** A store with something in every table, closed. */
export async function writeFullStore(path: string): Promise<void> {
  const store = openStore(path);
  await fillStore(store);
  await store.close();
}

export async function fillStore(store: Store): Promise<void> {
  await store.runs.create(aRun('run-1'));
  for (let index = 0; index < 40; index++) {
    await store.journal.start(aKey(`call-${index}`), { text: 'x'.repeat(800) }, AT);
    await store.journal.finish(aKey(`call-${index}`), aReply(), AT);
  }
  await store.rollouts.save(Array.from({ length: 40 }, (_, index) => aRollout({ id: `r-${index}` })));
  await store.candidates.save('run-1', aCandidate('start'));
  const { prompt } = await store.prompts.save(aVersion('start'));
  await store.prompts.setLabel('production', prompt.id);
}

/** Reads everything; the code of the error that ended it, or undefined. Anything but an ApoError is thrown. */
export async function readAll(path: string): Promise<string | undefined> {
  let store: Store | undefined;
  try {
    store = openStore(path, false);
    for (const run of await store.runs.list()) {
      await store.journal.totals(run.id);
      await store.candidates.list(run.id);
      await collect(store.rollouts.list({ runId: run.id }));
      await store.rollouts.scores({ runId: run.id });
    }
    await store.prompts.list();
    await store.prompts.labels();
    return undefined;
  } catch (error) {
    if (isApoError(error)) return error.code;
    throw error;
  } finally {
    await store?.close();
  }
}

/** Hash of the files that hold the data of a store. */
export function bytesOf(path: string): string {
  return hashOf(
    [path, `${path}-wal`].map((file) => (existsSync(file) ? hashOf(readFileSync(file).toString('latin1')) : 'none')),
  );
}

/** Copies a store that may be open: file and write-ahead log, as a crash would leave them. */
export function copyStore(from: string, to: string): void {
  for (const suffix of ['', '-wal']) {
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}
