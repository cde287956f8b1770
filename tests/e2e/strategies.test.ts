import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo } from '../helpers/process.ts';

async function train(strategy: string, more: readonly string[] = []) {
  const config = repositoryPath('config/quickstart.yaml');
  const ended = await runApo(
    ['train', '--config', config, '--strategy', strategy, '--max-rollouts', '200', '--json', '--quiet', ...more],
    { cwd: temporaryFolder() },
  );
  expect(ended.code, ended.stderr).toBe(0);
  return JSON.parse(ended.stdout);
}

describe('strategies', () => {
  it('domain trains a general prompt and one per category, within the budget', async () => {
    const { algorithm, best, usage } = await train('domain');
    expect(algorithm).toBe('domain apo');
    expect(usage.rollouts).toBeLessThanOrEqual(200);
    expect(Object.keys(best.components).every((name) => name === 'system' || name.startsWith('system@'))).toBe(true);
  });

  it('progressive starts each level from the prompt of the level before', async () => {
    const { algorithm, best, baseline, usage } = await train('progressive');
    expect(algorithm).toBe('progressive apo');
    expect(usage.rollouts).toBeLessThanOrEqual(200);
    expect(best.score).toBeGreaterThanOrEqual(baseline.score);
  });

  it('components leaves the components apart', async () => {
    const { algorithm, best } = await train('components');
    expect(algorithm).toBe('components apo');
    expect(Object.keys(best.components)).toEqual(['system']);
  });

  it('a component that the prompt has not is a usage error that names those it has', async () => {
    const folder = temporaryFolder();
    const config = readFileSync(repositoryPath('config/quickstart.yaml'), 'utf8');
    const algorithm = 'algorithm: { use: components, only: [sytem], of: { use: apo } }';
    writeFileSync(join(folder, 'apo.yaml'), `${config.replace(/^algorithm:.*$/m, '')}\n${algorithm}\n`);
    const dataset = repositoryPath('datasets/quickstart.jsonl');
    const ended = await runApo(['train', '--dataset', dataset, '--max-rollouts', '60'], { cwd: folder });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/no component "sytem" to train.*system/);
  });

  it('an unknown strategy is a usage error that names the known ones', async () => {
    const ended = await runApo(['train', '--config', repositoryPath('config/quickstart.yaml'), '--strategy', 'magic'], {
      cwd: temporaryFolder(),
    });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/strategy.*domain.*progressive.*components/);
  });
});
