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
