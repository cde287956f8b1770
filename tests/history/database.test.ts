import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { openForeign } from '../../src/history/shared/database.ts';
import { openHistory } from '../../src/plugins.ts';
import { makeRun, writeAgnoV2 } from '../helpers/agno-database.ts';
import { openDatabase } from '../helpers/database.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runNode } from '../helpers/process.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');
const context = { folder: '.', environment: createEnvironment({}) };

function open(path: string, name?: string) {
  return openHistory(path, name, context);
}

describe('openForeign', () => {
  it('writes nothing beside a WAL database that nobody has open', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'wal.db');
    const database = openDatabase(path);
    database.pragma('journal_mode = WAL');
    database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    database.close();
    const before = readFileSync(path);
    const foreign = openForeign(path);
    expect([...foreign.rows('SELECT x FROM t')]).toEqual([{ x: 1 }]);
    expect(readdirSync(folder)).toEqual(['wal.db']);
    foreign.close();
    expect(readdirSync(folder)).toEqual(['wal.db']);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.skipIf(process.platform === 'win32')(
    'leaves no copy of a WAL database behind when the process is killed',
    async () => {
      const folder = temporaryFolder();
      const path = join(temporaryFolder(), 'wal.db');
      const database = openDatabase(path);
      database.pragma('journal_mode = WAL');
      database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
      database.close();
      const script = `import { openForeign } from '${repositoryPath('dist/history/shared/database.js')}';
      const foreign = openForeign(${JSON.stringify(path)});
      const again = openForeign(${JSON.stringify(path)});
      foreign.close();
      console.log(JSON.stringify([...again.rows('SELECT x FROM t')]));
      process.kill(process.pid, 'SIGKILL');`;
      const ended = await runNode(['--input-type=module', '--eval', script], { env: { TMPDIR: folder } });
      expect(ended).toMatchObject({ signal: 'SIGKILL', stdout: '[{"x":1}]\n' });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('reads what an application has written but not yet moved out of its WAL', () => {
    const path = join(temporaryFolder(), 'live.db');
    const application = openDatabase(path);
    application.pragma('journal_mode = WAL');
    application.pragma('wal_autocheckpoint = 0');
    application.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
    const foreign = openForeign(path);
    application.exec('INSERT INTO t VALUES (2)');
    expect([...foreign.rows('SELECT x FROM t')]).toEqual([{ x: 1 }]);
    foreign.close();
    application.close();
  });

  it('says that a file is cut off instead of finding empty rows in it', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'whole.db');
    const database = openDatabase(path);
    database.exec('CREATE TABLE conversations (user_message TEXT, agent_response TEXT)');
    const insert = database.prepare('INSERT INTO conversations VALUES (?, ?)');
    for (let row = 0; row < 200; row++) insert.run(`question ${row} ${'x'.repeat(50)}`, 'answer');
    database.close();
    openForeign(path).close();
    const bytes = readFileSync(path);
    for (const length of [bytes.length - 1, 4096, 5000]) {
      const cut = join(folder, `cut-${length}.db`);
      writeFileSync(cut, bytes.subarray(0, length));
      expect(() => openForeign(cut)).toThrow(`cut off: ${bytes.length - length} bytes are missing`);
    }
  });

  it('does not show what a crashed application had not committed', () => {
    const folder = temporaryFolder();
    const application = openDatabase(join(folder, 'app.db'));
    application.pragma('cache_size = 1');
    application.exec("CREATE TABLE t (x); INSERT INTO t VALUES ('committed'); BEGIN; UPDATE t SET x = 'half-written'");
    const insert = application.prepare('INSERT INTO t VALUES (?)');
    for (let row = 0; row < 2000; row++) insert.run('x'.repeat(500));
    const path = join(folder, 'crashed.db');
    copyFileSync(join(folder, 'app.db'), path);
    copyFileSync(join(folder, 'app.db-journal'), `${path}-journal`);
    application.exec('ROLLBACK');
    application.close();
    const foreign = openForeign(path);
    expect([...foreign.rows('SELECT x FROM t')]).toEqual([{ x: 'committed' }]);
    foreign.close();
    expect(existsSync(`${path}-journal`)).toBe(true);
  });

  it('reads a read-only file in a read-only folder', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'app.db');
    writeAgnoV2(path, [{ id: 's', runs: [makeRun('r', 'q', 'a')] }]);
    chmodSync(path, 0o400);
    chmodSync(folder, 0o500);
    try {
      const foreign = openForeign(path);
      expect(foreign.tables.has('agno_sessions')).toBe(true);
      foreign.close();
    } finally {
      chmodSync(folder, 0o700);
    }
  });
});

describe('openHistory', () => {
  it('finds the source by columns, under any table name', async () => {
    const folder = temporaryFolder();
    writeAgnoV2(join(folder, 'a.db'), [{ id: 's', runs: [] }], 'Meine Chats "alt"');
    const plain = openDatabase(join(folder, 'b.db'));
    plain.exec('CREATE TABLE conversations (user_message, agent_response, timestamp, rating)');
    plain.close();
    const a = await open(join(folder, 'a.db'));
    const b = await open(join(folder, 'b.db'));
    expect([a.name, b.name]).toEqual(['agno', 'conversations']);
    a.close();
    b.close();
  });

  it('says which tables a foreign database has', async () => {
    await expect(open(join(FIXTURES, 'langgraph_sqlite_saver.db'))).rejects.toMatchObject({
      code: 'history-invalid',
      message: expect.stringContaining('tables found: checkpoints, writes'),
    });
  });

  it('refuses a source that does not fit, and one that does not exist', async () => {
    await expect(open(join(FIXTURES, 'agno_v1.8.3.db'), 'conversations')).rejects.toMatchObject({
      code: 'history-invalid',
      message: expect.stringContaining('agent_sessions'),
    });
    await expect(open(join(FIXTURES, 'agno_v1.8.3.db'), 'nonsense')).rejects.toMatchObject({ code: 'plugin-unknown' });
  });

  it.each([
    ['missing', () => join(temporaryFolder(), 'none.db')],
    ['a folder', () => temporaryFolder()],
    ['empty', () => write('')],
    ['text', () => write('hello, this is no database at all')],
    ['a damaged database', damaged],
    ['a database without tables', () => write(readFileSync(emptyDatabase()))],
  ])('%s is one clear error', async (_name, make) => {
    await expect(open(make())).rejects.toMatchObject({ code: 'history-invalid', hint: expect.any(String) });
  });

  it('damage that shows up while reading is the same error', async () => {
    const bytes = readFileSync(join(FIXTURES, 'agno_v2.9.0_default.db'));
    bytes.fill(0xff, 12_288, 45_056);
    const source = await open(write(bytes), 'agno').catch((error) => error);
    const reading = async () => {
      if (source instanceof Error) throw source;
      for await (const _ of source.read());
    };
    await expect(reading()).rejects.toMatchObject({ code: 'history-invalid' });
  });
});

function write(content: string | Buffer): string {
  const path = join(temporaryFolder(), 'file.db');
  writeFileSync(path, content);
  return path;
}

function damaged(): string {
  const bytes = readFileSync(join(FIXTURES, 'agno_v1.8.3.db'));
  bytes.fill(0x41, 100, 4096);
  return write(bytes);
}

function emptyDatabase(): string {
  const path = join(temporaryFolder(), 'empty.db');
  const database = openDatabase(path);
  database.exec('CREATE TABLE t (x); DROP TABLE t');
  database.close();
  return path;
}
