import { expect, test } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { type Effect, fitEffects, type Observation } from '../../../src/optimizers/apo/effects.ts';

const wide = (name: string): Effect => ({ name, prior: { mean: 0, deviation: 3 } });

/** Outcomes of a known model: an intercept, two effects, and a level per group. */
function simulate(count: number): Observation[] {
  const random = createRandom('effects');
  const levels = Array.from({ length: 30 }, () => random.normal());
  return Array.from({ length: count }, (_, index) => {
    const group = index % levels.length;
    const [a, b] = [random.integer(2), random.integer(2)];
    const linear = -0.5 + 2 * a - 1.5 * b + (levels[group] as number);
    return {
      group,
      effects: [0, 1, 2],
      values: [1, a, b],
      outcome: Number(random.next() < 1 / (1 + Math.exp(-linear))),
      weight: 1,
    };
  });
}

test('effects are recovered from outcomes', () => {
  const { mean, deviation } = fitEffects([wide('0'), wide('a'), wide('b')], 30, 1, simulate(3000));
  expect(Math.abs((mean[1] as number) - 2)).toBeLessThan(3 * deviation(1));
  expect(Math.abs((mean[2] as number) + 1.5)).toBeLessThan(3 * deviation(2));
  expect(deviation(1)).toBeLessThan(0.15);
});

test('the mode is where the gradient of the posterior vanishes, levels of groups included', () => {
  const observations = simulate(200);
  const effects = [wide('0'), wide('a'), wide('b')];
  const { mean, levels } = fitEffects(effects, 30, 0.8, observations);
  const slopes = Array.from(mean, (value) => -value / 9);
  const groupSlopes = Array.from(levels, (value) => -value / 0.64);
  for (const { group, values, outcome } of observations) {
    const linear = values.reduce((sum, value, index) => sum + value * (mean[index] as number), levels[group] as number);
    const residual = outcome - 1 / (1 + Math.exp(-linear));
    values.forEach((value, index) => {
      slopes[index] = (slopes[index] as number) + residual * value;
    });
    groupSlopes[group] = (groupSlopes[group] as number) + residual;
  }
  for (const slope of [...slopes, ...groupSlopes]) expect(Math.abs(slope)).toBeLessThan(1e-2);
});

test('without observations the posterior is the prior', () => {
  const prior = { mean: 1.2, deviation: 0.7 };
  const { mean, deviation } = fitEffects([{ name: 'a', prior }], 1, 1, []);
  expect(mean[0]).toBe(1.2);
  expect(deviation(0)).toBeCloseTo(0.7, 9);
});

test('draws have the posterior deviation, scaled', () => {
  const { sample, mean, deviation } = fitEffects([wide('0'), wide('a'), wide('b')], 30, 1, simulate(300));
  const draws = Array.from({ length: 2000 }, (_, index) => sample(createRandom('draw', index), 0.5)[1] as number);
  const spread = Math.sqrt(draws.reduce((sum, value) => sum + (value - (mean[1] as number)) ** 2, 0) / draws.length);
  expect(spread / deviation(1)).toBeCloseTo(0.5, 1);
});
