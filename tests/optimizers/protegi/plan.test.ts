import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { options } from '../../../src/optimizers/protegi/options.ts';
import { planRounds } from '../../../src/optimizers/protegi/plan.ts';

const defaults = options.parse({});

describe('rounds within a budget', () => {
  it('are those of the source when the budget holds them', () => {
    expect(planRounds(defaults, 6, 6 * 2304)).toEqual({
      rounds: 6,
      beamWidth: 4,
      minibatch: 64,
      children: 8,
      pulls: 2048,
      armsPerRound: 8,
      samples: 32,
    });
    expect(planRounds(defaults, 6, Number.POSITIVE_INFINITY).rounds).toBe(6);
  });

  it('are several even with 300 rollouts', () => {
    const plan = planRounds(defaults, 6, 264);
    expect(plan.rounds).toBeGreaterThanOrEqual(2);
    expect(plan.minibatch).toBeGreaterThanOrEqual(4);
    expect(plan.children * plan.beamWidth).toBeGreaterThanOrEqual(3);
  });

  it('never cost more than the budget', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 20_000 }), fc.integer({ min: 1, max: 10 }), (rollouts, rounds) => {
        const plan = planRounds(defaults, rounds, rollouts);
        expect(plan.rounds).toBeLessThanOrEqual(rounds);
        expect(plan.rounds * (plan.beamWidth * plan.minibatch + plan.pulls)).toBeLessThanOrEqual(
          rollouts + plan.rounds,
        );
        expect(Math.min(...Object.values(plan))).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
