// A store with one run, for benchmarks that write below it.
import createSqliteStore from '../dist/stores/sqlite.js';

export const RUN = {
  id: 'run',
  status: 'running',
  reason: '',
  algorithm: 'bench',
  seed: 1,
  config: {},
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  result: null,
};

export async function openBenchStore(folder, file) {
  const store = createSqliteStore({ path: file, create: true }, { folder });
  await store.runs.create(RUN);
  return store;
}
