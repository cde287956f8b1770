import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createPrompt } from '../../src/core/prompt.ts';
import type { StoredRollout } from '../../src/stores/store.ts';
import { apoFolder } from '../helpers/apo-folder.ts';
import { AT, aCandidate, aKey, aReply, aRollout, aRun } from '../helpers/store-data.ts';
import { openStore } from '../helpers/store-files.ts';

const START = createPrompt('start');
const BEST = createPrompt('better');

describe('apo runs', () => {
  const { folder, apo, json } = apoFolder();
  beforeAll(async () => {
    const store = openStore(join(folder, 'results/apo.db'));
    await store.runs.create(aRun('run-1', { status: 'completed', result: resultWith(START.id, 0.5) }));
    await store.runs.create(
      aRun('run-2', {
        status: 'completed',
        reason: 'iterations',
        createdAt: '2026-11-21T10:00:00.000Z',
        result: resultWith(BEST.id, 0.75),
      }),
    );
    await store.runs.create(aRun('stopped', { status: 'stopped', createdAt: '2026-11-20T10:00:00.000Z' }));
    await store.runs.claim('stopped', { pid: 77, host: 'a-lost-machine' });
    await store.candidates.save('run-2', aCandidate('start'));
    const edit = { parents: [START.id], operator: 'edit', iteration: 1, critique: 'be \u001b[31mbrief' };
    await store.candidates.save('run-2', aCandidate('better', edit));
    await store.candidates.save('run-2', aCandidate('bad', { ...edit, rejected: 'placeholder {{name}} lost' }));
    await store.rollouts.save([
      ...scored('run-1', START.id, { same: 1, worse: 1, better: 0, 'only-first': 1 }),
      ...scored('run-2', BEST.id, { same: 1, worse: 0.25, better: 1, 'only-second': 1 }),
    ]);
    await store.journal.start(aKey('a', { runId: 'run-2' }), {}, AT);
    await store.journal.finish(aKey('a', { runId: 'run-2' }), aReply({ costMicroUsd: null }), AT);
    await store.journal.start(aKey('a'), {}, AT);
    await store.journal.start(aKey('a'), {}, AT);
    await store.journal.finish(aKey('a'), aReply({ costMicroUsd: 1_250_000 }), AT);
    await store.close();
  });

  it('lists newest first, as a table and as JSON', async () => {
    expect((await apo('runs', 'list')).stdout).toMatch(/^RUN .*\nrun-2 .*0\.750.*\nrun-1 .*\nstopped +stopped /);
    expect(await json('runs', 'list')).toMatchObject([
      { runId: 'run-2', status: 'completed', baseline: { score: 0.4 }, best: { score: 0.75 }, verdict: 'improved' },
      { runId: 'run-1' },
      { runId: 'stopped', best: null, verdict: null },
    ]);
  });

  it('says of a trainer of this host whether it still runs', async () => {
    const place = join(folder, 'killed');
    const store = openStore(join(place, 'apo.db'));
    const { pid: gone = 0 } = spawnSync(process.execPath, ['--version']);
    await store.runs.create(aRun('killed'));
    await store.runs.create(aRun('alive'));
    await store.runs.claim('killed', { pid: gone, host: hostname() });
    await store.runs.claim('alive', { pid: process.pid, host: hostname() });
    await store.close();
    const trainer = async (id: string) =>
      /^trainer +(.*)$/m.exec((await apo('runs', 'show', id, '--results', place)).stdout)?.[1];
    expect(await trainer('alive')).toBe(`process ${process.pid} on ${hostname()}`);
    expect(await trainer('killed')).toMatch(/, which has ended: apo train --resume killed goes on/);
  });

  it('shows configuration, scores, candidates with parents, usage and cost', async () => {
    const { stdout } = await apo('runs', 'show', 'run-2');
    expect(stdout).toMatch(/best +0\.750 \(0\.600 to 0\.900, n = 4\)/);
    expect(stdout).toMatch(/cost +unknown/);
    expect(stdout).toMatch(/iterations: 3/);
    expect(stdout).toContain('edit, rejected: placeholder {{name}} lost');
    expect(stdout).toContain('be \\u{1b}[31mbrief');
    expect(await json('runs', 'show', 'run-2')).toMatchObject({
      runId: 'run-2',
      config: { iterations: 3 },
      candidates: [
        { promptId: START.id, parents: [], val: { mean: null, scored: 0 } },
        { promptId: BEST.id, parents: [START.id], critique: 'be \u001b[31mbrief', val: { mean: 0.8125, scored: 4 } },
        { rejected: 'placeholder {{name}} lost' },
      ],
      usage: { rollouts: 4, calls: { agent: 1 }, tokens: { input: 10, output: 5 }, costUsd: null },
    });
  });

  it('shows the newest run when none is named, and one by the beginning of its id', async () => {
    expect(await json('runs', 'show')).toMatchObject({ runId: 'run-2' });
    expect(await json('runs', 'show', 'stop')).toMatchObject({
      runId: 'stopped',
      owner: { pid: 77, host: 'a-lost-machine' },
    });
  });

  it('lists the calls that were sent again after a kill, with their cost', async () => {
    const { stdout } = await apo('runs', 'show', 'run-1');
    expect(stdout).toMatch(/cost +\$1\.25\nin doubt +1 calls sent again, at most \$1\.25 more\n/);
    expect(stdout).toMatch(/agent +a +1 +\$1\.25 +2026/);
    expect(await json('runs', 'show', 'run-1')).toMatchObject({
      usage: { inDoubt: { calls: 1, costUsd: 1.25, list: [{ role: 'agent', key: 'a', resent: 1, costUsd: 1.25 }] } },
    });
  });

  it('compares two runs task by task, regressions first', async () => {
    expect(await json('runs', 'compare', 'run-1', 'run-2')).toEqual({
      from: { runId: 'run-1', promptId: START.id, score: 0.5, mean: 2 / 3 },
      to: { runId: 'run-2', promptId: BEST.id, score: 0.75, mean: 0.75 },
      counts: { tasks: 3, regressed: 1, improved: 1, onlyFrom: 1, onlyTo: 1 },
      tasks: [
        { taskId: 'worse', from: 1, to: 0.25, change: -0.75 },
        { taskId: 'same', from: 1, to: 1, change: 0 },
        { taskId: 'better', from: 0, to: 1, change: 1 },
      ],
    });
    const { stdout } = await apo('runs', 'compare', 'run-1', 'run-2');
    expect(stdout).toMatch(/^from +run-1, best prompt \S+: score 0\.500 in its run, 0\.667 on the shared tasks\n/);
    expect(stdout).toMatch(/-0\.750 +1\.000 +0\.250 +worse\n\+1\.000 +0\.000 +1\.000 +better\n$/);
  });

  it.each([
    ['show', 'run-9'],
    ['show', 'run'],
    ['compare', 'run-1', 'run-9'],
    ['compare', 'run-1', 'stopped'],
  ])('says what it cannot find: %s %s %s', async (...given) => {
    const ended = await apo('runs', ...given.filter(Boolean));
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^error: .* - .*\n$/);
  });

  it('says that there is no store', async () => {
    for (const command of [['list'], ['show'], ['compare', 'a', 'b']]) {
      const ended = await apo('runs', ...command, '--results', 'none');
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/^error: there is no store at .*none\/apo\.db/);
    }
  });

  it('unlocks a run of a lost machine, never one of a process that may live', async () => {
    expect(await json('runs', 'unlock', 'stopped')).toEqual({
      runId: 'stopped',
      released: { pid: 77, host: 'a-lost-machine' },
    });
    const store = openStore(join(folder, 'results/apo.db'));
    expect(await store.runs.owner('stopped')).toBeUndefined();
    await store.runs.claim('stopped', { pid: process.pid, host: hostname() });
    await store.close();
    expect(await apo('runs', 'unlock', 'stopped')).toMatchObject({ code: 6, stdout: '' });
  });
});

function resultWith(promptId: string, score: number) {
  const evidence = { interval: [0.6, 0.9], n: 4 };
  return {
    verdict: 'improved',
    baseline: { promptId: START.id, score: 0.4, ...evidence },
    best: { promptId, score, text: 'text', ...evidence },
  };
}

function scored(runId: string, promptId: string, scores: { readonly [taskId: string]: number }): StoredRollout[] {
  return Object.entries(scores).map(([taskId, score]) =>
    aRollout({ id: `${runId}-${taskId}`, runId, promptId, taskId, split: 'val', score }),
  );
}
