import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { isAlive } from '../../src/platform/process.ts';
import type { Fault } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo } from '../helpers/process.ts';
import { KEY, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

type Stopped = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  stderr: string;
};

/** A run against a server that waits until it is told to answer, signalled while `inFlight` calls are on their way. */
async function interrupt(options: {
  readonly signals: readonly NodeJS.Signals[];
  readonly fault: (number: number) => Fault | undefined;
  readonly more: readonly string[];
  /** Requests that the server has when the signal comes. */
  readonly after: number;
}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(30));
  let arrived: (() => void) | undefined;
  const enough = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const world = await startWorld({
    faults({ number }) {
      if (number >= options.after) arrived?.();
      return options.fault(number);
    },
  });
  const child = spawn(
    process.execPath,
    [repositoryPath('dist/cli.js'), ...trainArguments(['--max-rollouts', '40', '--concurrency', '4', ...options.more])],
    {
      cwd: folder,
      env: { PATH: process.env.PATH, NO_COLOR: '1', OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = collect(child);
  await enough;
  const first = world.requests.length;
  const [signal, second] = options.signals;
  child.kill(signal);
  await stderrSays(child, 'stopping');
  const atSignal = performance.now();
  const claimed = world.requests.length;
  if (second !== undefined) child.kill(second);
  const result = await ended;
  return { folder, world, first, claimed, seconds: (performance.now() - atSignal) / 1000, ...result };
}

async function collect(child: ChildProcess): Promise<Stopped> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text) => {
    stdout += text;
  });
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const [code, signal] = await once(child, 'close');
  return { code, signal, stdout, stderr };
}

function stderrSays(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    child.stderr?.on('data', (text) => {
      if (String(text).includes(word)) resolve();
    });
  });
}

const SIMULATED = Object.fromEntries(
  ['agent', 'grader', 'critic', 'editor'].map((role) => [role, { use: 'simulated', model: `sim-${role}` }]),
);

const SLOWLY = (): Fault => ({ latencyMs: 300 });

describe('a run that is interrupted', () => {
  it.each<[NodeJS.Signals[], number | string, string[]]>([
    [['SIGINT'], 130, ['--json']],
    [['SIGTERM'], 143, []],
    // A terminal that closes says it twice: the kernel and the shell.
    [['SIGHUP', 'SIGHUP'], 'SIGHUP', []],
  ])('R04 on %j claims nothing more, finishes what is in flight and ends with %s', async (signals, code, more) => {
    const run = await interrupt({ signals, fault: SLOWLY, after: 9, more });
    const { world, folder } = run;
    try {
      expect(run.code ?? run.signal, run.stderr).toBe(code);
      // Between the signal and the word that it was seen, calls may still have been claimed; after it none.
      expect(world.requests.length).toBe(run.claimed);
      expect(run.seconds).toBeLessThan(10);
      const last = run.stderr.trim().split('\n').at(-1) ?? '';
      const [, runId] = /apo train --resume (run-\S+)$/.exec(last) ?? [];
      expect(runId, last).toBeDefined();
      if (more.includes('--json')) {
        expect(run.stdout.trim().split('\n')).toHaveLength(1);
        expect(JSON.parse(run.stdout)).toMatchObject({ runId, status: 'stopped', reason: 'interrupted' });
      }
      const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
      const resumed = await runApo(['train', '--resume', runId as string, '--json', '--quiet'], { cwd: folder, env });
      expect(resumed.code, resumed.stderr).toBe(0);
      // What was in flight was journaled: nothing was sent twice.
      const texts = world.requests.map(({ text }) => text);
      expect(new Set(texts).size).toBe(texts.length);
    } finally {
      await world.close();
    }
  });

  it('R04 a second signal of either kind ends it at once', async () => {
    const run = await interrupt({ signals: ['SIGINT', 'SIGTERM'], fault: () => 'hang', after: 4, more: [] });
    await run.world.close();
    expect(run.signal).toBe('SIGTERM');
    expect(run.seconds).toBeLessThan(2);
  });

  it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM'])(
    'R04 a second %s ends the programs of a command agent too, whatever they ignore',
    async (signal) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(30));
      writeFileSync(join(folder, 'agent.sh'), `trap '' INT TERM HUP\nsleep 60 &\necho "$$ $!" >> pids\nwait\n`);
      const agent = { use: 'command', command: ['/bin/sh', 'agent.sh'] };
      writeFileSync(join(folder, 'apo.yaml'), JSON.stringify({ agent, models: SIMULATED, concurrency: 2 }));
      const child = spawn(process.execPath, [repositoryPath('dist/cli.js'), ...trainArguments()], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = collect(child);
      const pids = await vi.waitFor(() => {
        const lines = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n');
        expect(lines).toHaveLength(2);
        return lines.flatMap((line) => line.split(' ').map(Number));
      }, 20_000);
      child.kill(signal);
      await stderrSays(child, 'stopping');
      expect(pids.filter(isAlive)).toEqual(pids);
      child.kill(signal);
      expect((await ended).signal).toBe(signal);
      await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), 5000);
    },
  );

  it('R04 does not sit out the wait that a server asked for', async () => {
    const limited = { status: 429, headers: { 'retry-after': '90' } };
    const run = await interrupt({
      signals: ['SIGINT'],
      fault: (number) => (number > 6 ? limited : undefined),
      after: 7,
      more: ['--json'],
    });
    await run.world.close();
    expect(run.code, run.stderr).toBe(130);
    expect(run.seconds).toBeLessThan(5);
  });
});
