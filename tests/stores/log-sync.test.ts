import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import createSqliteStore from '../../src/stores/sqlite.ts';
import { span, TRACE } from '../helpers/spans.ts';

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
  folder = mkdtempSync(join(tmpdir(), 'apo-log-'));
  disk.flushes = [];
  disk.isHeld = false;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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

  it('refuses spans with store-write when the disk fails, also the next ones: nothing is known about it any more', async () => {
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
});
