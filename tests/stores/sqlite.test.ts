import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { loadPlugin } from '../../src/plugins.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import { storeContract } from '../contracts/store.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { AT, aKey, aRun } from '../helpers/store-data.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

storeContract('sqlite file', async () => createSqliteStore({ path: 'results/apo.db', create: true }, { folder }));
storeContract('sqlite in memory', async () => createSqliteStore({ path: ':memory:', create: true }, { folder }));

describe('sqlite store', () => {
  it('is loaded by name, with a path relative to the config file', async () => {
    const context = { folder, environment: createEnvironment({}) };
    const store = await loadPlugin('store', { use: 'sqlite', path: 'apo.db' }, context);
    await store.runs.create(aRun('run-1'));
    await store.close();
    expect(statSync(join(folder, 'apo.db')).size).toBeGreaterThan(0);
    await expect(loadPlugin('store', { use: 'sqlite', paht: 'x' }, context)).rejects.toMatchObject({
      code: 'plugin-invalid',
    });
  });

  it('creates files and folders for its owner only', async () => {
    const store = createSqliteStore({ path: 'results/apo.db', create: true }, { folder });
    await store.runs.create(aRun('run-1'));
    expect(statSync(join(folder, 'results')).mode & 0o777).toBe(0o700);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(join(folder, `results/apo.db${suffix}`)).mode & 0o777, suffix).toBe(0o600);
    }
    await store.close();
  });

  it('stands behind a link, its log beside it, also when the link led to nothing at first', async () => {
    mkdirSync(join(folder, 'disk'));
    symlinkSync('disk/real.db', join(folder, 'apo.db'));
    for (const id of ['run-1', 'run-2']) {
      const store = createSqliteStore({ path: 'apo.db', create: true }, { folder });
      await store.runs.create(aRun(id));
      expect(await store.journal.start({ ...aKey('a'), runId: id }, { q: 1 }, AT)).toEqual({ state: 'new' });
      expect(statSync(join(folder, 'disk/real.db-wal')).size).toBeGreaterThan(0);
      await store.close();
    }
    expect(lstatSync(join(folder, 'apo.db')).isSymbolicLink()).toBe(true);
    const store = createSqliteStore({ path: 'disk/real.db', create: false }, { folder });
    expect((await store.runs.list()).map(({ id }) => id).sort()).toEqual(['run-1', 'run-2']);
    await store.close();
  });

  it('does not create a store that has to be there', () => {
    expect(() => createSqliteStore({ path: 'none/apo.db', create: false }, { folder })).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
    expect(() => statSync(join(folder, 'none'))).toThrow();
  });

  it('shows one process what another has committed', async () => {
    const [one, two] = [0, 1].map(() => createSqliteStore({ path: 'apo.db', create: true }, { folder }));
    await one?.runs.create(aRun('run-1'));
    expect(await two?.journal.start(aKey('a'), { q: 1 }, AT)).toEqual({ state: 'new' });
    expect(await one?.journal.start(aKey('a'), { q: 1 }, AT)).toEqual({ state: 'in-doubt' });
    await one?.close();
    await two?.close();
  });

  it('leaves one file behind when it is closed', async () => {
    const store = createSqliteStore({ path: 'apo.db', create: true }, { folder });
    await store.runs.create(aRun('run-1'));
    await store.close();
    expect(readFileSync(join(folder, 'apo.db')).toString('latin1', 0, 15)).toBe('SQLite format 3');
    expect(() => statSync(join(folder, 'apo.db-wal'))).toThrow();
  });
});
