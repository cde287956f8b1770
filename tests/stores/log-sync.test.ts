import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REPAIR_AFTER_MS } from '../../src/stores/sqlite/log-sync.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { span, TRACE } from '../helpers/spans.ts';
import { aKey, aRun } from '../helpers/store-data.ts';

const disk = vi.hoisted(() => ({ flushes: [] as ((error: Error | null) => void)[], isHeld: false }));
// The real calls; a test can hold their answers back, as a slow disk does.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fdatasync: typeof fs.fdatasync = Object.assign(
    (file: number, done: (error: NodeJS.ErrnoException | null) => void) =>
      fs.fdatasync(file, (error) => (disk.isHeld ? disk.flushes.push((fault) => done(fault ?? error)) : done(error))),
    { __promisify__: fs.fdatasync.__promisify__ },
  );
  return { ...fs, fdatasync };
});

const SPAN = span({});
let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  disk.flushes = [];
  disk.isHeld = false;
});
afterEach(() => vi.restoreAllMocks());

const flushed = (count: number): Promise<void> => vi.waitFor(() => expect(disk.flushes).toHaveLength(count));

describe('the flush of the write-ahead log', () => {
  it('is waited for before spans count as saved', async () => {
    const store = createSqliteStore({ path: 'apo.db', create: true }, { folder });
    disk.isHeld = true;
    let isSaved = false;
    const saving = store.traces.saveSpans([SPAN]).then(() => {
      isSaved = true;
    });
    await flushed(1);
    expect(isSaved).toBe(false);
    disk.flushes[0]?.(null);
    await saving;
    expect(await store.traces.list({})).toMatchObject({ traces: [{ traceId: TRACE }] });
    await store.close();
  });

  it('refuses spans with store-write when the disk fails, also the next ones for now: nothing is known about it', async () => {
    const store = createSqliteStore({ path: 'apo.db', create: true }, { folder });
    disk.isHeld = true;
    const refusal = { code: 'store-write', retryable: true };
    const saving = expect(store.traces.saveSpans([SPAN])).rejects.toMatchObject(refusal);
    await flushed(1);
    disk.isHeld = false;
    disk.flushes[0]?.(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    await saving;
    await expect(store.traces.saveSpans([SPAN])).rejects.toMatchObject(refusal);
    await store.close();
  });

  it.each(['together', 'one at a time'])(
    'R08 keeps nothing in a store that was deleted: writes that come %s',
    async (how) => {
      const store = createSqliteStore({ path: 'apo.db', create: true }, { folder });
      const at = '2026-01-01T00:00:00.000Z';
      await store.runs.create(aRun('run-1'));
      await store.journal.start(aKey('before'), {}, at);
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      const refusal = {
        code: 'store-write',
        message: expect.stringMatching(/apo\.db was removed while it was in use$/),
      };
      const keys = how === 'together' ? ['a', 'b', 'c'] : ['a'];
      const starts = await Promise.allSettled(keys.map((key) => store.journal.start(aKey(key), {}, at)));
      for (const start of starts) expect(start).toMatchObject({ status: 'rejected', reason: refusal });
      await expect(store.journal.start(aKey('later'), {}, at)).rejects.toMatchObject(refusal);
      await store.close();
    },
  );

  async function afterFailedFlush() {
    const store = createSqliteStore({ path: 'apo.db', create: true }, { folder });
    disk.isHeld = true;
    const saving = expect(store.traces.saveSpans([SPAN])).rejects.toMatchObject({ code: 'store-write' });
    await flushed(1);
    disk.isHeld = false;
    disk.flushes[0]?.(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    await saving;
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + REPAIR_AFTER_MS + 1);
    return store;
  }
  const OTHER = span({}, { traceId: 'f'.repeat(32) });

  it('R08 takes spans again once the disk works, with nothing behind the hole that the failure may have left', async () => {
    const store = await afterFailedFlush();
    // What a power loss would leave of everything before: the database, without the log that was not flushed.
    await store.traces.saveSpans([OTHER]);
    expect((await store.traces.list({})).traces).toHaveLength(2);
    const log = readFileSync(join(folder, 'apo.db-wal'));
    writeFileSync(join(folder, 'copy.db'), readFileSync(join(folder, 'apo.db')));
    const without = createSqliteStore({ path: 'copy.db', create: false }, { folder });
    expect((await without.traces.list({})).traces).toMatchObject([{ traceId: TRACE }]);
    await without.close();
    writeFileSync(join(folder, 'copy.db-wal'), log);
    const withLog = createSqliteStore({ path: 'copy.db', create: false }, { folder });
    expect((await withLog.traces.list({})).traces).toHaveLength(2);
    await withLog.close();
    await store.close();
  });

  it('R08 takes none where the system dropped what it could not write', async () => {
    const store = await afterFailedFlush();
    const path = join(folder, 'apo.db-wal');
    const log = readFileSync(path);
    // Page data of the first frame.
    log.fill(0xa5, 100, 1000);
    const file = openSync(path, 'r+');
    writeSync(file, log);
    closeSync(file);
    await expect(store.traces.saveSpans([OTHER])).rejects.toMatchObject({ code: 'store-write' });
    expect(readFileSync(path).length).toBe(log.length);
  });
});
