import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo } from '../helpers/process.ts';

async function planOf(...limits: readonly string[]): Promise<{ readonly rollouts: number; readonly line: string }> {
  const config = repositoryPath('config/quickstart.yaml');
  const { stderr } = await runApo(['train', '--config', config, ...limits], { cwd: temporaryFolder() });
  const line = /^plan: .*$/m.exec(stderr)?.[0] ?? stderr;
  return { rollouts: Number(/at most (\d+) rollouts/.exec(line)?.[1]), line };
}

describe('what a run says before it starts', () => {
  it('counts the critic and the editor against a limit of calls', async () => {
    const { rollouts, line } = await planOf('--max-rollouts', '300', '--max-calls', '60');
    expect(rollouts, line).toBeLessThan(60);
    expect(rollouts, line).toBeGreaterThan(30);
    expect(line).toMatch(/; 60 calls end it$/);
  });

  it('says nothing of a limit of calls that is not reached', async () => {
    const { rollouts, line } = await planOf('--max-rollouts', '40', '--max-calls', '1000');
    expect(rollouts).toBe(40);
    expect(line).not.toMatch(/calls end it/);
  });
});
