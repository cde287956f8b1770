import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openConnection } from '../../src/stores/sqlite/connection.ts';
import { createJournalStore } from '../../src/stores/sqlite/journal.ts';
import { newestVersion } from '../../src/stores/sqlite/migrations.ts';
import { createRunStore } from '../../src/stores/sqlite/runs.ts';
import { openDatabase } from '../helpers/database.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { type Ended, repositoryPath, runApo, runNode, runProcess } from '../helpers/process.ts';
import { AT, aFeedback, aKey, aReply, aRun } from '../helpers/store-data.ts';
import { openStore, readAll, writeFullStore } from '../helpers/store-files.ts';

const CHILD = repositoryPath('tests/helpers/store-child.js');
const FAULT_POINTS = repositoryPath('tests/helpers/fault-points.js');
/** v2 is v1 with traces in it. */
const RELEASED = ['v1', 'v2'] as const;
const released = (version: string): string => repositoryPath(`tests/fixtures/stores/${version}.db`);
/** `nobody`, since the superuser may write everywhere. */
const UNPRIVILEGED = process.getuid?.() === 0 ? { uid: 65534 } : {};

/** A checkout in the superuser's own folder cannot even be read by anybody else. */
async function canRunUnprivileged(): Promise<boolean> {
  const script = `require('node:fs').readFileSync(${JSON.stringify(CHILD)})`;
  const ended = await runNode(['-e', script], UNPRIVILEGED).catch(() => undefined);
  return ended?.code === 0;
}

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
  chmodSync(folder, 0o755);
});

function reportOf(ended: Ended): { done: number; code?: string; message?: string; hint?: string } {
  return JSON.parse(ended.stdout);
}

describe('several processes', () => {
  it('R06 four processes that read, change and write the same rows lose nothing', async () => {
    const path = join(folder, 'shared.db');
    const store = openStore(path);
    await store.runs.create(aRun('run-1'));
    const ended = await Promise.all([1, 2, 3, 4].map(() => runNode([CHILD, 'count', path, '100'])));
    expect(ended.map((one) => reportOf(one))).toEqual(Array(4).fill({ done: 100 }));
    expect(await store.journal.totals('run-1')).toMatchObject({
      calls: { agent: 400 },
      usage: { input: 400, output: 800 },
      costMicroUsd: 1200,
    });
    await store.close();
  });

  it('R06 four processes that create the same store end up in one', async () => {
    const path = join(folder, 'new', 'apo.db');
    const ended = await Promise.all([1, 2, 3, 4].map(() => runNode([CHILD, 'open', path])));
    expect(ended.map((one) => reportOf(one))).toEqual(Array(4).fill({ done: 0 }));
    // The last to close may have been one that only looked, and left the log to the next.
    expect(readdirSync(join(folder, 'new')).filter((name) => !/^apo\.db(-wal|-shm)?$/.test(name))).toEqual([]);
    expect(await readAll(path)).toBeUndefined();
  });

  it('R06 a second trainer on the same run is refused with process and host of the first', async () => {
    const store = openStore(':memory:');
    await store.runs.create(aRun('run-1'));
    await store.runs.claim('run-1', { pid: process.ppid, host: hostname() });
    await expect(store.runs.claim('run-1', { pid: process.pid, host: hostname() })).rejects.toMatchObject({
      code: 'store-locked',
      message: `run run-1 is being trained by process ${process.ppid} on ${hostname()}`,
    });
    await store.close();
  });

  it('R06 the claim of a dead trainer is taken over', async () => {
    const ended = await runNode(['-p', 'process.pid']);
    const store = openStore(':memory:');
    await store.runs.create(aRun('run-1'));
    await store.runs.claim('run-1', { pid: Number(ended.stdout), host: hostname() });
    const me = { pid: process.pid, host: hostname() };
    await store.runs.claim('run-1', me);
    expect(await store.runs.owner('run-1')).toEqual(me);
    await store.close();
  });

  it.runIf(process.platform === 'linux')(
    'R06 a later process with the same pid is not taken for the trainer',
    async () => {
      const path = join(folder, 'reuse.db');
      const store = openStore(path);
      await store.runs.create(aRun('run-1'));
      await store.runs.claim('run-1', { pid: process.ppid, host: hostname() });
      const database = openDatabase(path);
      database.exec("update owners set process_start = 'an earlier boot:1'");
      database.close();
      await store.runs.claim('run-1', { pid: process.pid, host: hostname() });
      await store.close();
    },
  );
});

describe('disk full and other write faults', () => {
  it('R08 a full database: store-write, everything before is there, and the same call works once there is space', async () => {
    for (let pages = 0; pages < 12; pages++) {
      const path = join(folder, `full-${pages}.db`);
      const connection = openConnection(path);
      const journal = createJournalStore(connection);
      await createRunStore(connection).create(aRun('run-1'));
      const used = Number(connection.get('pragma page_count')?.page_count);
      connection.get(`pragma max_page_count = ${used + pages}`);
      let done = 0;
      const failed = await (async () => {
        for (;;) {
          await journal.start(aKey(`call-${done}`), { text: 'x'.repeat(900) }, AT);
          await journal.finish(aKey(`call-${done}`), aReply({ reply: 'y'.repeat(900) }), AT);
          done++;
        }
      })().catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'store-write', hint: expect.stringContaining('nothing stored is lost') });
      expect((await journal.totals('run-1')).calls.agent).toBe(done);
      expect(connection.get('pragma integrity_check')).toEqual({ integrity_check: 'ok' });
      connection.get('pragma max_page_count = 1073741823');
      await journal.start(aKey(`call-${done}`), { text: 'x'.repeat(900) }, AT);
      await journal.finish(aKey(`call-${done}`), aReply(), AT);
      expect((await journal.totals('run-1')).calls.agent).toBe(done + 1);
      connection.close();
    }
  });

  it.each([100, 400, 900])(
    'R08 a file size limit of %i blocks: store-write, no acknowledged call is lost',
    async (blocks) => {
      const path = join(folder, `limit-${blocks}.db`);
      const store = openStore(path);
      await store.runs.create(aRun('run-1'));
      await store.close();
      const script = `ulimit -f ${blocks}; exec "$0" "$@"`;
      const report = reportOf(await runProcess('sh', ['-c', script, process.execPath, CHILD, 'fill', path]));
      expect(report).toMatchObject({ code: 'store-write' });
      const reopened = openStore(path);
      const { agent } = (await reopened.journal.totals('run-1')).calls;
      expect(agent).toBe(report.done);
      await reopened.close();
    },
  );

  it.each([0, 1, 2])(
    'work that fails half way leaves nothing, and takes nothing of %i others with it',
    async (others) => {
      const connection = openConnection(join(folder, `half-${others}.db`));
      const insert = (id: string): unknown => connection.run('insert into deleted_traces (trace_id) values (?)', id);
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: others }, (_, index) => connection.commit(() => insert(`other-${index}`))),
        connection.commit(() => {
          insert('half');
          throw new Error('no');
        }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([...Array(others).fill('fulfilled'), 'rejected']);
      const kept = connection.all('select trace_id as id from deleted_traces').map(({ id }) => id);
      expect(kept).toEqual(Array.from({ length: others }, (_, index) => `other-${index}`));
      await connection.commit(() => insert('next'));
      connection.close();
    },
  );

  it('R08 calls of the same moment on a full database: what was acknowledged is there, the rest failed', async () => {
    for (let pages = 0; pages < 12; pages++) {
      const connection = openConnection(join(folder, `crowd-${pages}.db`));
      const journal = createJournalStore(connection);
      await createRunStore(connection).create(aRun('run-1'));
      const used = Number(connection.get('pragma page_count')?.page_count);
      connection.get(`pragma max_page_count = ${used + 6 + pages}`);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, async (_, index) => {
          await journal.start(aKey(`call-${index}`), { text: 'x'.repeat(900) }, AT);
          await journal.finish(aKey(`call-${index}`), aReply({ reply: 'y'.repeat(900) }), AT);
        }),
      );
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(failed.length).toBeGreaterThan(0);
      for (const { reason } of failed) expect(reason).toMatchObject({ code: 'store-write' });
      expect((await journal.totals('run-1')).calls.agent).toBe(outcomes.length - failed.length);
      connection.close();
    }
  });

  it.each(['transient', 'persistent'])(
    'R08 creation with the n-th system call failing (%s) leaves no store or a whole one',
    async (mode) => {
      const ends = await countDown(async (n) => {
        const path = join(folder, `create-${mode}-${n}`, 'apo.db');
        const env = { FAULT: 'ENOSPC', FAULT_AT: String(n), FAULT_MODE: mode };
        const report = reportOf(await runNode(['--import', FAULT_POINTS, CHILD, 'open', path], { env }));
        if (report.code !== undefined) expect(report).toMatchObject({ code: 'store-write' });
        if (existsSync(path)) expect(await readAll(path)).toBeUndefined();
        const again = reportOf(await runNode([CHILD, 'open', path]));
        expect(again).toEqual({ done: 0 });
        return report.code === undefined;
      });
      expect(ends).toBeGreaterThan(4);
    },
  );

  it('R08 a folder that may not be written', async (context) => {
    if (!(await canRunUnprivileged())) return context.skip('no other user can read this checkout');
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    const ended = await runNode([CHILD, 'open', join(closed, 'apo.db')], UNPRIVILEGED);
    expect(reportOf(ended)).toMatchObject({ code: 'store-write', message: expect.stringContaining('apo.db') });
    expect(readdirSync(closed)).toEqual([]);
  });

  it('R08 a store that may not be written, or not even read, ends the command with exit code 6', async (context) => {
    if (!(await canRunUnprivileged())) return context.skip('no other user can read this checkout');
    for (const [name, mode] of [
      ['readonly', 0o444],
      ['closed-file', 0o000],
    ] as const) {
      const path = join(folder, name, 'apo.db');
      await writeFullStore(path);
      chmodSync(path, mode);
      chmodSync(join(folder, name), 0o555);
      const ended = await runApo(['prompt', 'label', 'v1', 'staging', '--store', path], UNPRIVILEGED);
      expect(ended, name).toMatchObject({ code: 6, stdout: '' });
      expect(ended.stderr, name).toMatch(/^error: store .*apo\.db cannot be written: .* - check free space.*\n$/);
    }
  });

  it('R08 a full file system', async (context) => {
    const mount = join(folder, 'tiny');
    mkdirSync(mount);
    const mounted = await runProcess('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]).catch(() => undefined);
    if (mounted?.code !== 0) return context.skip('only a superuser can mount a small file system');
    try {
      const path = join(mount, 'apo.db');
      const store = openStore(path);
      await store.runs.create(aRun('run-1'));
      await store.close();
      const report = reportOf(await runNode([CHILD, 'fill', path]));
      expect(report).toMatchObject({ code: 'store-write' });
      const reopened = openStore(path);
      expect((await reopened.journal.totals('run-1')).calls.agent).toBe(report.done);
      await reopened.close();
    } finally {
      await runProcess('umount', [mount]);
    }
  });

  it('R08 a lock that is held too long is store-locked, not a crash', async () => {
    const path = join(folder, 'locked.db');
    const connection = openConnection(path);
    const holder = openDatabase(path);
    holder.exec('begin immediate');
    connection.get('pragma busy_timeout = 1');
    expect(() => connection.write(() => undefined)).toThrow(
      expect.objectContaining({ code: 'store-locked', retryable: true }),
    );
    holder.exec('rollback');
    holder.close();
    connection.close();
  });
});

describe('kills', () => {
  it('R01 a kill loses no acknowledged call and leaves a sound store', async () => {
    const path = join(folder, 'killed.db');
    const store = openStore(path);
    await store.runs.create(aRun('run-1'));
    await store.close();
    let acknowledged = 0;
    for (const enough of [1, 7, 40, 200]) {
      acknowledged += await killAfter(enough, path);
      const reopened = openStore(path);
      const { agent } = (await reopened.journal.totals('run-1')).calls;
      expect(agent).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = agent;
      await reopened.close();
    }
  });
});

describe('migrations', () => {
  it.each(RELEASED)('R10 a copy of released schema %s opens with everything in it', async (version) => {
    const path = join(folder, `${version}.db`);
    copyFileSync(released(version), path);
    expect(versionOf(path)).toBe(Number(version.slice(1)));
    const store = openStore(path);
    expect((await store.runs.list()).map(({ id }) => id)).toEqual(['run-2', 'run-1']);
    expect(await store.journal.totals('run-1')).toMatchObject({ calls: { agent: 2 }, costMicroUsd: 200 });
    expect(await store.candidates.list('run-1')).toHaveLength(2);
    expect(await store.rollouts.scores({ runId: 'run-1' })).toHaveLength(2);
    expect(await store.prompts.find('production')).toMatchObject({ version: 2, score: 0.75 });
    expect(await store.traces.spans('a'.repeat(32))).toEqual([]);
    if (version === 'v2') {
      expect((await store.traces.list({ userId: 'ann' })).traces).toHaveLength(3);
      expect(await store.traces.find('1'.repeat(32))).toMatchObject({ name: 'chat one', score: 1, feedback: 1 });
      for (const [responseId, trace] of [
        ['resp_1', '1'.repeat(32)],
        ['resp_2', '2'.repeat(32)],
        ['says "gen_ai.response.id" only', ''],
      ] as const) {
        expect(await store.traces.addFeedback(aFeedback({ id: responseId, traceId: '', score: 0, responseId }))).toBe(
          trace,
        );
      }
      expect(await store.traces.find('1'.repeat(32))).toMatchObject({ score: 0.5, feedback: 2 });
    }
    await store.close();
    expect(versionOf(path)).toBe(newestVersion());
  });

  it.each(RELEASED)(
    'R10 killed at any point of the migration of %s: the old schema or the new one',
    async (version) => {
      const points = await countDown(async (n) => {
        const path = join(folder, `migrate-${version}-${n}.db`);
        copyFileSync(released(version), path);
        const killed = await killAt(n, path);
        expect(versionOf(path)).toBeLessThanOrEqual(newestVersion());
        const store = openStore(path);
        expect(await store.prompts.find('production')).toMatchObject({ version: 2 });
        expect(await store.journal.totals('run-1')).toMatchObject({ calls: { agent: 2 } });
        await store.close();
        expect(versionOf(path)).toBe(newestVersion());
        return !killed;
      });
      expect(points).toBeGreaterThan(5);
    },
  );

  it('R10 the migration of a large store is announced, once', async () => {
    const path = join(folder, 'large.db');
    copyFileSync(released('v2'), path);
    const database = openDatabase(path);
    database.exec('create table filler as select zeroblob(101000000)');
    database.close();
    const first = await runApo(['trace', 'list', '--json', '--store', path]);
    expect(first).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^store .*large\.db \(0\.1 GB\) is being .*\n$/),
    });
    expect(JSON.parse(first.stdout).traces).toHaveLength(3);
    expect(await runApo(['trace', 'list', '--json', '--store', path])).toMatchObject({ code: 0, stderr: '' });
    rmSync(path);
  });

  it('R10 killed at any point of the creation: no store or a whole one', async () => {
    const points = await countDown(async (n) => {
      const path = join(folder, `born-${n}`, 'apo.db');
      const killed = await killAt(n, path);
      if (existsSync(path)) expect(versionOf(path)).toBe(newestVersion());
      expect(await readAllOrCreate(path)).toBeUndefined();
      return !killed;
    });
    expect(points).toBeGreaterThan(20);
  });
});

/** Runs n = 1, 2, 3 ... until a run says that it met no fault; several at once. Returns that n. */
async function countDown(run: (n: number) => Promise<boolean>): Promise<number> {
  const WIDTH = 4;
  for (let first = 1; ; first += WIDTH) {
    const untouched = await Promise.all(Array.from({ length: WIDTH }, (_, index) => run(first + index)));
    const index = untouched.indexOf(true);
    if (index !== -1) return first + index;
  }
}

/** Kills a process that writes calls once it has reported so many; returns how many it reported in the end. */
async function killAfter(enough: number, path: string): Promise<number> {
  const child = spawn(process.execPath, [CHILD, 'report', path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let reported = 0;
  child.stdout.on('data', (lines: Buffer) => {
    reported += lines.toString().split('\n').length - 1;
    if (reported >= enough) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return reported;
}

async function killAt(n: number, path: string): Promise<boolean> {
  const env = { FAULT: 'kill', FAULT_AT: String(n) };
  return (await runNode(['--import', FAULT_POINTS, CHILD, 'open', path], { env })).signal === 'SIGKILL';
}

async function readAllOrCreate(path: string): Promise<string | undefined> {
  await openStore(path).close();
  return readAll(path);
}

function versionOf(path: string): number {
  const database = openDatabase(path, { readonly: true });
  try {
    return Number(database.pragma('user_version', { simple: true }));
  } finally {
    database.close();
  }
}
