import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import {
  bound,
  halvingPhases,
  rejectPhases,
  SELECTORS,
  type Selection,
  select,
} from '../../../src/optimizers/protegi/select.ts';

/** Arms with fixed chances; counts what is pulled. */
function bandit(chances: readonly number[], parts: Partial<Selection>) {
  const pulled = chances.map(() => 0);
  const random = createRandom('bandit');
  const selection: Selection = {
    selector: 'ucb',
    arms: chances.length,
    pulls: 640,
    rounds: 20,
    armsPerRound: 4,
    samples: 8,
    exploration: 1,
    random: createRandom('choice'),
    pull: async (arms, count) =>
      arms.map((arm) => {
        pulled[arm] = (pulled[arm] ?? 0) + count;
        const rewards = Array.from({ length: count }, () => Number(random.next() < (chances[arm] ?? 0)));
        return { sum: rewards.reduce((a, b) => a + b, 0), count };
      }),
    ...parts,
  };
  return { selection, pulled };
}

describe('selection of a round', () => {
  it.each(SELECTORS)('finds the best arm: %s', async (selector) => {
    const { selection, pulled } = bandit([0.2, 0.3, 0.9, 0.1, 0.2, 0.3], { selector });
    const ranking = await select(selection);
    expect(ranking[0]?.arm).toBe(2);
    expect(ranking.map(({ arm }) => arm).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(pulled.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(selection.pulls + selection.arms);
  });

  it('pulls good arms more often with upper bounds', async () => {
    const { selection, pulled } = bandit([0.1, 0.1, 0.9, 0.1, 0.1, 0.8, 0.1, 0.1], {
      armsPerRound: 2,
      exploration: 0.5,
    });
    await select(selection);
    expect((pulled[2] ?? 0) + (pulled[5] ?? 0)).toBeGreaterThan(pulled.reduce((a, b) => a + b, 0) / 2);
  });

  it('looks at what was never pulled first, and less at what was pulled often', () => {
    const arm = { selector: 'ucb', exploration: 1 } as const;
    expect(bound(arm, { sum: 0, count: 0 }, 3)).toBe(Number.POSITIVE_INFINITY);
    expect(bound(arm, { sum: 5, count: 10 }, 3)).toBeGreaterThan(bound(arm, { sum: 50, count: 100 }, 3));
    expect(bound({ ...arm, exploration: 0 }, { sum: 5, count: 10 }, 3)).toBe(0.5);
  });

  it('splits the pulls of successive rejects so that longer survivors get more', () => {
    const phases = rejectPhases(4, 100);
    expect(phases.map(({ survivors }) => survivors)).toEqual([3, 2, 1]);
    const total = phases.reduce((sum, { samples, survivors }) => sum + samples * (survivors + 1), 0);
    expect(total).toBeGreaterThan(80);
    expect(total).toBeLessThanOrEqual(104);
  });

  it('halves the arms in equal shares of the pulls', () => {
    expect(halvingPhases(8, 96)).toEqual([
      { samples: 4, survivors: 4 },
      { samples: 8, survivors: 2 },
      { samples: 16, survivors: 1 },
    ]);
  });
});
