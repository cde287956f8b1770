import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { isAlive, processStart } from '../../src/platform/process.ts';
import { runNode } from '../helpers/process.ts';

it('tells a living process from a dead one', async () => {
  const ended = await runNode(['-p', 'process.pid']);
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(1)).toBe(true);
  expect(isAlive(Number(ended.stdout))).toBe(false);
});

it.runIf(process.platform === 'linux')('gives each process one start, and none to a dead one', async () => {
  const ended = await runNode(['-p', 'process.pid']);
  expect(processStart(process.pid)).toMatch(/^[0-9a-f-]{36}:\d+$/);
  expect(processStart(process.pid)).toBe(processStart(process.pid));
  expect(processStart(process.ppid)).not.toBe(processStart(process.pid));
  expect(processStart(Number(ended.stdout))).toBe('');
});

it.runIf(process.platform === 'linux')('takes a process that is dead but not reaped for dead', async () => {
  // The second `sleep` takes the shell's place and never asks for the end of the first.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) await setImmediate();
    expect(isAlive(pid)).toBe(false);
  } finally {
    parent.kill('SIGKILL');
    await once(parent, 'close');
  }
});
