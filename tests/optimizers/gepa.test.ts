import { describe, expect, it } from 'vitest';
import createGepa, { options } from '../../src/optimizers/gepa.ts';
import { optimizerContract } from '../contracts/optimizer.ts';
import { runOptimizer } from '../helpers/optimizer-run.ts';

describe('gepa', () => {
  optimizerContract(createGepa(options.parse({})));

  it('runs a child on all validation tasks only when it does better on the minibatch', async () => {
    const optimizer = createGepa(options.parse({}));
    // A child that says nothing can do no better.
    const { result, candidates } = await runOptimizer({
      optimizer,
      maxRollouts: 200,
      iterations: 4,
      reply: () => '<prompt>You are a support assistant of a web shop. Be helpful.</prompt>',
    });
    expect(candidates).toHaveLength(2);
    expect(result.usage.rollouts).toBeLessThanOrEqual(18 + 4 * 6 + 18);
  });

  it('crosses two prompts of the front when asked to', async () => {
    const optimizer = createGepa(options.parse({ merge: true }));
    const { candidates } = await runOptimizer({ optimizer, maxRollouts: 500 });
    const crossed = candidates.filter(({ operator }) => operator === 'crossover');
    expect(crossed.length).toBeGreaterThan(0);
    for (const { parents } of crossed) expect(parents).toHaveLength(2);
  });
});
