import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { openDatabase } from '../helpers/database.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath } from '../helpers/process.ts';
import { aRun } from '../helpers/store-data.ts';
import { bytesOf, copyStore, fillStore, openStore, readAll, writeFullStore } from '../helpers/store-files.ts';

/** R07: what is not a sound store of ours is refused by name, and not a byte of it changes. */
describe('refused stores', () => {
  let folder: string;
  let original: string;
  let copies = 0;
  beforeAll(async () => {
    folder = temporaryFolder();
    original = join(folder, 'original.db');
    await writeFullStore(original);
  });

  function copy(from: string = original): string {
    const path = join(folder, `copy-${copies++}.db`);
    copyStore(from, path);
    return path;
  }

  function expectRefusal(path: string, code: string): void {
    const before = bytesOf(path);
    const hadLog = existsSync(`${path}-wal`);
    expect(() => openStore(path)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(path), hint: expect.stringMatching(/\w/) }),
    );
    expect(bytesOf(path)).toBe(before);
    expect(existsSync(`${path}-wal`)).toBe(hadLog);
  }

  it('R07 bytes flipped at 50 offsets: refused untouched, found while reading, or harmless; never another error', async () => {
    const random = createRandom(7, 'flips');
    const size = readFileSync(original).length;
    const structural = [0, 15, 16, 18, 28, 60, 63, 68, 47, 100, 103, 4096, 4099, 8192, 8195];
    const offsets = [...structural, ...Array.from({ length: 50 - structural.length }, () => random.integer(size))];
    const outcomes: (string | undefined)[] = [];
    for (const offset of offsets) {
      const path = copy();
      const bytes = readFileSync(path);
      bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
      writeFileSync(path, bytes);
      const before = bytesOf(path);
      const code = await readAll(path);
      outcomes.push(code);
      if (code !== undefined) {
        expect(code, `offset ${offset}`).toMatch(/^store-(corrupt|newer|foreign)$/);
        expect(bytesOf(path), `offset ${offset}`).toBe(before);
      }
    }
    expect(outcomes.slice(0, structural.length)).toEqual(structural.map(() => expect.any(String)));
  });

  it.each([0, 1, 50, 99, 100, 4096, 5000, 20_000])('R07 cut off after %i bytes', (length) => {
    const path = copy();
    truncateSync(path, length);
    expectRefusal(path, 'store-corrupt');
  });

  it('R07 a file that is not a database', () => {
    const path = join(folder, 'notes.txt');
    writeFileSync(path, 'these are my notes, and they are longer than the header of a database would be. '.repeat(5));
    expectRefusal(path, 'store-corrupt');
  });

  it('R07 the database of another program', () => {
    const path = join(folder, 'agno.db');
    copyFileSync(repositoryPath('tests/fixtures/agno_v2.9.0_default.db'), path);
    expectRefusal(path, 'store-foreign');
  });

  it('R07 a newer schema', () => {
    const path = copy();
    const database = openDatabase(path);
    database.pragma('user_version = 9999');
    database.close();
    expectRefusal(path, 'store-newer');
  });

  it('R07 a folder in place of a file', () => {
    const path = join(folder, 'folder.db');
    mkdirSync(path);
    expect(() => openStore(path)).toThrow(expect.objectContaining({ code: 'store-foreign' }));
  });

  it('R07 the write-ahead log of another store', async () => {
    const [one, two] = [join(folder, 'one.db'), join(folder, 'two.db')];
    const [first, second] = [openStore(one), openStore(two)];
    await fillStore(first);
    await fillStore(second);
    const path = copy(one);
    copyFileSync(`${two}-wal`, `${path}-wal`);
    await first.close();
    await second.close();
    expectRefusal(path, 'store-corrupt');
  });

  it('R07 a write-ahead log that is not one', () => {
    const path = copy();
    writeFileSync(`${path}-wal`, 'not a log, but longer than the header of a log');
    expectRefusal(path, 'store-corrupt');
  });

  it('R07 a rollback journal, which our stores never have', () => {
    const path = copy();
    writeFileSync(`${path}-journal`, 'x'.repeat(1000));
    expectRefusal(path, 'store-corrupt');
  });

  it('R07 a damaged page is found on opening', () => {
    for (let page = 3; page <= 12; page++) {
      const path = copy();
      damagePage(path, page);
      expectRefusal(path, 'store-corrupt');
    }
  });

  it('R07 a damaged page is found after an unclean shutdown, unless the log has a newer copy of it', async () => {
    const path = copy();
    const store = openStore(path);
    await store.runs.create(aRun('another'));
    const inLog = pagesOf(`${path}-wal`);
    expect(inLog.size).toBeGreaterThan(1);
    for (let page = 3; page <= 12; page++) {
      const crashed = copy(path);
      damagePage(crashed, page);
      if (inLog.has(page)) expect(await readAll(crashed)).toBeUndefined();
      else expectRefusal(crashed, 'store-corrupt');
    }
    await store.close();
  });

  it('R07 a missing write-ahead log means the last checkpoint, or refusal', async () => {
    const path = join(folder, 'no-log.db');
    const store = openStore(path);
    await fillStore(store);
    const crashed = join(folder, 'no-log-copy.db');
    copyFileSync(path, crashed);
    await store.close();
    expect([undefined, 'store-corrupt']).toContain(await readAll(crashed));
  });

  it('opens a store that was vacuumed, analyzed, or got a table of somebody else', async () => {
    const path = copy();
    const database = openDatabase(path);
    database.exec('create table notes (text); vacuum; analyze;');
    database.close();
    expect(await readAll(path)).toBeUndefined();
  });

  it('opens what a crash leaves: everything that was committed is there', async () => {
    const path = join(folder, 'crash.db');
    const store = openStore(path);
    await fillStore(store);
    const crashed = copy(path);
    const totals = await store.journal.totals('run-1');
    await store.close();
    const reopened = openStore(crashed);
    expect(await reopened.journal.totals('run-1')).toEqual(totals);
    await reopened.close();
  });
});

function damagePage(path: string, page: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xee, PAGE * (page - 1), PAGE * page);
  writeFileSync(path, bytes);
}

/** Numbers of the pages in a write-ahead log (file format, 4.1). */
function pagesOf(log: string): ReadonlySet<number> {
  const bytes = readFileSync(log);
  const pages = new Set<number>();
  for (let frame = 32; frame < bytes.length; frame += 24 + PAGE) pages.add(bytes.readUInt32BE(frame));
  return pages;
}

const PAGE = 4096;
