import { describe, expect, it } from 'vitest';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { createShares } from '../../src/optimizers/shared/part.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { pluginContext } from '../helpers/contexts.ts';
import { runOptimizer } from '../helpers/optimizer-run.ts';

const TASKS = { train: 96, val: 24, tasks: [], iterations: 10 };

function strategy(spec: { readonly use: string; readonly [option: string]: unknown }): Promise<Optimizer> {
  return loadPlugin('optimizer', { of: { use: 'apo' }, ...spec }, pluginContext());
}

/** A context of which only what shares are made of is there. */
function purse(rollouts: number, iterations: number) {
  const state = { rollouts };
  const context = { iterations, remainingRollouts: () => state.rollouts } as Parameters<typeof createShares>[0];
  return { context, spend: (count: number) => (state.rollouts -= count) };
}

describe('the shares of the parts of a run', () => {
  it('let rollouts end a part where they end the run', () => {
    const { context, spend } = purse(1000, 10);
    const shares = createShares(context, { defaultIterations: 10 });
    expect(shares.next(0.4)).toEqual({ iterations: 10, rollouts: 340 });
    spend(100);
    // What the first part left goes to those after it.
    expect(shares.left()).toBe(750);
    expect(shares.next(0.5)).toEqual({ iterations: 10, rollouts: 375 });
  });

  it('divide the iterations that a user asks for', () => {
    const shares = createShares(purse(1000, 20).context, { defaultIterations: 10 });
    expect(shares.next(0.4).iterations).toBe(8);
    expect(shares.next(0.5).iterations).toBe(6);
    expect(shares.next(1).iterations).toBe(6);
  });

  it('stay unlimited without a limit', () => {
    const shares = createShares(purse(Number.POSITIVE_INFINITY, 10).context, { defaultIterations: 10 });
    expect(shares.next(0.4)).toEqual({ iterations: 4, rollouts: Number.POSITIVE_INFINITY });
  });
});

describe('strategies', () => {
  it('progressive spends the rollouts that it is given', async () => {
    const optimizer = await strategy({ use: 'progressive' });
    const { result } = await runOptimizer({ optimizer, maxRollouts: 600, tasks: 120 });
    expect(result.usage.rollouts).toBeGreaterThan(500);
    expect(result.usage.rollouts).toBeLessThanOrEqual(600);
  });

  it('domain trains as many categories as the rollouts pay for', async () => {
    const optimizer = await strategy({ use: 'domain', minTasks: 3, minRollouts: 60 });
    const { result, candidates } = await runOptimizer({ optimizer, maxRollouts: 240, tasks: 120 });
    const trained = new Set(
      candidates.flatMap(({ prompt }) => Object.keys(prompt.components).filter((name) => name !== 'system')),
    );
    // 0.6 of the 204 that the comparison leaves, at 60 for each.
    expect(trained.size).toBeLessThanOrEqual(2);
    expect(result.usage.rollouts).toBeGreaterThan(180);
  });

  it('domain says how many categories that will be', async () => {
    const optimizer = await strategy({ use: 'domain', minTasks: 1, minRollouts: 60 });
    const task = { context: [], observed: null, difficulty: null, metadata: {}, expected: '' };
    const tasks = ['a', 'b', 'c'].map((category) => ({ ...task, id: category, input: category, category }));
    const noteFor = (maxRollouts: number) => optimizer.forecast({ ...TASKS, tasks, maxRollouts }).note;
    expect(noteFor(240)).toMatch(/one for the 2 that gain most by it of 3 categories/);
    expect(noteFor(600)).toMatch(/one for each of 3 categories/);
  });
});
