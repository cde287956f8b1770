import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo } from '../helpers/process.ts';

const TRAIN = ['train', '--config', repositoryPath('config/quickstart.yaml'), '--test-split', '0.4', '--json'];

describe('a sealed test part', () => {
  it('takes a third of the rollouts at most, and a run says so before it starts', async () => {
    const cwd = temporaryFolder();
    const ended = await runApo([...TRAIN, '--max-rollouts', '120'], { cwd });
    expect(ended.code, ended.stderr).toBe(0);
    const { test, usage, proposals, runId } = JSON.parse(ended.stdout);
    expect(test.best.n).toBe(20);
    expect(test.baseline.n).toBe(20);
    expect(usage.rollouts).toBeLessThanOrEqual(120);
    expect(proposals.tried).toBeGreaterThan(0);
    expect(ended.stderr).toMatch(/48 train, 24 validation, 20 sealed test/);
    expect(ended.stderr).toMatch(/at most 120 rollouts.*; 40 rollouts are kept for the sealed test tasks/);
    expect(ended.stderr).toMatch(/warning: 120 rollouts pay for a look at 20 of the 48 sealed test tasks/);

    // The tasks are the same, although more of them are paid for.
    const more = await runApo(['train', '--resume', runId, '--max-rollouts', '210', '--json'], { cwd });
    expect(more.code, more.stderr).toBe(0);
    const resumed = JSON.parse(more.stdout);
    expect(resumed.test.best.n).toBe(35);
    expect(resumed.usage.rollouts).toBeLessThanOrEqual(210);
  });

  it('is looked at as a whole where the rollouts pay for it', async () => {
    const ended = await runApo([...TRAIN, '--max-rollouts', '300'], { cwd: temporaryFolder() });
    expect(ended.code, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout).test.best.n).toBe(48);
    expect(ended.stderr).not.toMatch(/sealed test tasks: at most/);
  });
});
