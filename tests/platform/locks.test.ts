import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isFileLocked } from '../../src/platform/locks.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { aRun } from '../helpers/store-data.ts';
import { openStore } from '../helpers/store-files.ts';

it.runIf(process.platform === 'linux')('tells a store that is open from one that is not', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'apo.db');
  expect(isFileLocked(path)).toBe(false);
  const store = openStore(path);
  await store.runs.create(aRun('run-1'));
  expect(isFileLocked(path)).toBe(true);
  await store.close();
  expect(isFileLocked(path)).toBe(false);
});
