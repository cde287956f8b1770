import { cpSync, existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONCURRENCY,
  type CrashPoint,
  crashOnce,
  createFolder,
  type DeadlyProvider,
  lastingOf,
  runBaseline,
  runTrainer,
  startDeadlyProvider,
} from '../helpers/crash.js';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo } from '../helpers/process.ts';

/** A sample of the crash points; bench/crash.js enumerates them all. */
describe('resume after a kill', () => {
  let provider: DeadlyProvider;
  let baseline: Awaited<ReturnType<typeof runBaseline>>;
  beforeAll(async () => {
    provider = await startDeadlyProvider();
    baseline = await runBaseline(provider);
  });
  afterAll(() => provider.close());

  async function crash(point: CrashPoint, again: readonly CrashPoint[] = []) {
    const ended = await crashOnce(provider, point, { again });
    if (ended === undefined) throw new Error(`the run ended before ${point.phase} ${point.at}`);
    return ended;
  }

  async function killedAt(point: CrashPoint): Promise<string> {
    const folder = createFolder();
    expect((await runTrainer(provider, folder, { point })).signal).toBe('SIGKILL');
    return folder;
  }

  it.each<[CrashPoint['phase'], number]>([
    ['request', 11],
    ['reply', 6],
    ['reply', 17],
    ['disk', 150],
  ])('R01 R02 killed at %s %i, it ends with the same bytes and repeats no finished call', async (phase, at) => {
    const ended = await crash({ phase, at });
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.result).toBe(baseline.result);
    expect(ended.file).toBe(baseline.result);
    expect(ended.requests).toBeLessThanOrEqual(baseline.requests + CONCURRENCY);
    expect(ended.repeated).toBeLessThanOrEqual(CONCURRENCY);
  });

  it('R03 killed again and again while it resumes, it ends with the same bytes', async () => {
    const again = [1, 2, 1, 3].map((at): CrashPoint => ({ phase: 'request', at }));
    const ended = await crash({ phase: 'reply', at: 3 }, again);
    expect(ended.kills).toBe(5);
    expect(ended.result).toBe(baseline.result);
    expect(ended.requests).toBeLessThanOrEqual(baseline.requests + CONCURRENCY * ended.kills);
  });

  it('R02 calls in doubt are listed with their cost, and are no part of the result', async () => {
    const ended = await crash({ phase: 'request', at: 9 });
    const { runId, files, usage } = JSON.parse(ended.stdout);
    const shown = await runApo(['runs', 'show', runId, '--json', '--store', files.store]);
    const { inDoubt } = JSON.parse(shown.stdout).usage;
    expect(inDoubt.calls).toBeGreaterThan(0);
    expect(inDoubt.calls).toBeLessThanOrEqual(CONCURRENCY);
    expect(inDoubt.costUsd).toBeGreaterThan(0);
    expect(inDoubt.costUsd).toBeLessThan(usage.costUsd);
    expect(inDoubt.list).toHaveLength(inDoubt.calls);
    const report = readFileSync(files.report, 'utf8');
    expect(report).toContain(`## Calls in doubt`);
    expect(report).toContain(`$${inDoubt.costUsd}`);
  });

  it('R01 what was added to the tasks since the run began is no part of it', async () => {
    const folder = await killedAt({ phase: 'reply', at: 6 });
    const path = join(folder, 'tasks.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    const copies = lines.map((line) => JSON.stringify({ ...JSON.parse(line), id: `copy-${lines.indexOf(line)}` }));
    writeFileSync(path, ['{"task": "what came first?", "expected": "this"}', ...copies, ...lines, 'torn {'].join('\n'));
    const ended = await runTrainer(provider, folder, { resume: true });
    expect(ended.stderr).toBe('');
    expect(lastingOf(ended.stdout)).toBe(baseline.result);
  });

  it.each([
    [
      'changed',
      (lines: readonly string[]) => lines.with(3, '{"task": "another question", "expected": "yes"}').join('\n'),
    ],
    ['gone', () => ''],
  ])('a run whose tasks are %s says what it needs, and goes on when it is there again', async (_what, change) => {
    const folder = await killedAt({ phase: 'reply', at: 6 });
    const path = join(folder, 'tasks.jsonl');
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, change(before.split('\n')));
    const refused = await runTrainer(provider, folder, { resume: true });
    expect(refused.stderr).toMatch(
      /^error: .*tasks of run run-\S+ .*gone.* - restore the dataset or history as it was/,
    );
    writeFileSync(path, before);
    const ended = await runTrainer(provider, folder, { resume: true });
    expect(lastingOf(ended.stdout)).toBe(baseline.result);
  });

  it('R01 a folder that was moved goes on where it is now', async () => {
    const folder = await killedAt({ phase: 'reply', at: 6 });
    const moved = join(temporaryFolder(), 'elsewhere');
    renameSync(folder, moved);
    const before = provider.requests.length;
    const ended = await runTrainer(provider, moved, { resume: true });
    expect(ended.code, ended.stderr).toBe(0);
    expect(lastingOf(ended.stdout)).toBe(baseline.result);
    expect(provider.requests.length - before).toBeLessThanOrEqual(baseline.requests - 6 + CONCURRENCY);
    expect(existsSync(folder)).toBe(false);
  });

  it('R01 the proof bites: a trainer that reduces in order of arrival ends with something else', async () => {
    const dist = sabotagedDist();
    const results = new Set<string>();
    for (const more of [['--concurrency', '1'], []]) {
      results.add((await runBaseline(provider, { dist, more })).result);
    }
    const crashed = await crashOnce(provider, { phase: 'reply', at: 6 }, { dist });
    results.add(crashed?.result ?? '');
    expect(results.size).toBeGreaterThan(1);
  });
});

/** A copy of the built code in which an evaluation returns what came first, first. */
function sabotagedDist(): string {
  const root = temporaryFolder();
  for (const name of ['node_modules']) symlinkSync(repositoryPath(name), join(root, name));
  cpSync(repositoryPath('package.json'), join(root, 'package.json'));
  cpSync(repositoryPath('dist'), join(root, 'dist'), { recursive: true });
  const sound = 'Promise.allSettled(trials.map((trial) => recall(keyOf(trial), prompt, trial)))';
  const broken = `(async () => { const arrived = []; await Promise.allSettled(trials.map((trial) => recall(keyOf(trial), prompt, trial)
    .then(async (value) => { await new Promise((go) => setTimeout(go, Math.random() * 20)); arrived.push({ status: 'fulfilled', value }); },
      (reason) => arrived.push({ status: 'rejected', reason })))); return arrived; })()`;
  const bundle = join(root, 'dist/bundle');
  const files = readdirSync(bundle).map((name) => join(bundle, name));
  const [file = ''] = files.filter((path) => readFileSync(path, 'utf8').includes(sound));
  writeFileSync(file, readFileSync(file, 'utf8').replace(sound, broken));
  return join(root, 'dist');
}
