import { expect, it } from 'vitest';
import { placeholdersOf } from '../../src/core/prompt.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { exactScore } from '../helpers/exact-score.ts';
import { type Run, runOptimizer } from '../helpers/optimizer-run.ts';
import { lasting } from '../helpers/trainee.ts';

/**
 * What every optimizer keeps; called inside the `describe` of each implementation. `least` is a small budget that is enough to
 * try something; with less than that a run stops with `budget-reached`.
 */
export function optimizerContract(optimizer: Optimizer, { plansItsBudget = true, least = 40 } = {}): void {
  const world = createWorld('quickstart', 1);

  it('ends by itself within a rollout budget, with both prompts on validation tasks', async () => {
    for (const maxRollouts of [least, 200]) {
      const { result, error } = await runOptimizer({ optimizer, maxRollouts });
      expect(result.usage.rollouts).toBeLessThanOrEqual(maxRollouts);
      if (!plansItsBudget) continue;
      expect(error).toBeUndefined();
      expect(result.status).toBe('completed');
      expect(result.baseline.n).toBeGreaterThan(0);
      expect(result.best.n).toBe(result.baseline.n);
    }
  });

  it('takes the same decisions with the same seed, whatever reply comes first', async () => {
    const first = await runOptimizer({ optimizer, maxRollouts: 120 });
    for (const turns of [(call: number) => (call * 7919) % 13, (call: number) => 12 - (call % 13)]) {
      const other = await runOptimizer({ optimizer, maxRollouts: 120, turns });
      expect(decisionsOf(other)).toEqual(decisionsOf(first));
    }
  });

  it('returns something that is no worse than the start in truth, or the start', async () => {
    const { result } = await runOptimizer({ optimizer, maxRollouts: 300 });
    const before = exactScore(world, world.startPrompt);
    expect(exactScore(world, result.best.text)).toBeGreaterThan(before - 0.03);
  });

  it('never runs or returns a prompt that was rejected, and keeps placeholders', async () => {
    const start = 'You are a support assistant of {{shop}}.';
    const { result, candidates, evaluated } = await runOptimizer({
      optimizer,
      maxRollouts: 120,
      start,
      reject: (proposal) =>
        placeholdersOf(Object.values(proposal.components).join('\n')).includes('shop') ? undefined : 'lost {{shop}}',
      reply: (text) => (text.includes('You are the editor') ? '<prompt>Say nothing.</prompt>' : undefined),
    });
    const rejected = candidates.filter((candidate) => candidate.rejected !== null).map(({ prompt }) => prompt.id);
    expect(rejected.filter((id) => evaluated.has(id))).toEqual([]);
    expect(result.best.text).toContain('{{shop}}');
  });

  it('ends when critic and editor say nothing of use', async () => {
    for (const nothing of ['', 'I cannot help with that.', '```\n```']) {
      const { result } = await runOptimizer({ optimizer, maxRollouts: 80, reply: () => nothing });
      expect(['completed', 'stopped']).toContain(result.status);
    }
  });

  it('stores where each candidate came from', async () => {
    const { candidates } = await runOptimizer({ optimizer, maxRollouts: 200 });
    const ids = new Set(candidates.map(({ prompt }) => prompt.id));
    expect(candidates[0]).toMatchObject({ operator: 'start', parents: [] });
    for (const { parents, operator } of candidates.slice(1)) {
      expect(operator).not.toBe('start');
      expect(parents.length).toBeGreaterThan(0);
      expect(parents.filter((id) => !ids.has(id))).toEqual([]);
    }
  });

  it('forecasts no more rollouts than the budget, and at least as many as it uses', async () => {
    const forecast = optimizer.forecast({ tasks: [], train: 42, val: 18, iterations: 2, maxRollouts: 200 });
    expect(forecast.rollouts).toBeLessThanOrEqual(200);
    const { result } = await runOptimizer({ optimizer, maxRollouts: 200, iterations: 2 });
    expect(result.usage.rollouts).toBeLessThanOrEqual(forecast.rollouts);
  });

  it('works with one training and one validation task, and with hardly any budget', async () => {
    const { result } = await runOptimizer({ optimizer, maxRollouts: 30, tasks: 2 });
    expect(['completed', 'stopped']).toContain(result.status);
    const least = await runOptimizer({ optimizer, maxRollouts: 2 });
    expect(least.result.best.text).toBe(world.startPrompt);
  });
}

function decisionsOf({ result, candidates }: Run): unknown {
  const known = candidates.map(({ prompt, operator, parents, rejected }) => [prompt.id, operator, parents, rejected]);
  return [lasting(result), known];
}
