import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { drawPair, frontsOf, prune, ticketsOf } from '../../../src/optimizers/gepa/pareto.ts';

describe('Pareto front over tasks', () => {
  it('names the candidates with the best score of each task', () => {
    const fronts = frontsOf([
      [1, 0, undefined],
      [1, 1, undefined],
      [0, 1, undefined],
    ]);
    expect(fronts.map((front) => [...front])).toEqual([[0, 1], [1, 2], []]);
  });

  it('drops the weakest candidates that others cover', () => {
    const fronts = [new Set([0, 1]), new Set([1, 2]), new Set([2])];
    expect(prune(fronts, [0.3, 0.6, 0.6]).map((front) => [...front])).toEqual([[1], [1, 2], [2]]);
  });

  it('keeps a candidate that alone wins a task, however weak', () => {
    const fronts = [new Set([0]), new Set([1]), new Set([1])];
    expect(prune(fronts, [0.1, 0.9]).map((front) => [...front])).toEqual([[0], [1], [1]]);
  });

  it('still covers every task, with nobody superfluous', () => {
    const grid = fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 5, maxLength: 5 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(grid, (candidates) => {
        const means = candidates.map((scores) => scores.reduce((sum, score) => sum + score, 0) / scores.length);
        const fronts = prune(frontsOf(candidates), means);
        expect(fronts.every((front) => front.size > 0)).toBe(true);
        const left = new Set(fronts.flatMap((front) => [...front]));
        for (const one of left) expect(fronts.some((front) => front.has(one) && front.size === 1)).toBe(true);
      }),
    );
  });

  it('draws by wins', () => {
    expect(
      ticketsOf(
        [
          [1, 1, 0],
          [0, 0, 1],
        ],
        [0.67, 0.33],
      ),
    ).toEqual([0, 0, 1]);
  });

  it('draws two different parents, or none when one wins everything', () => {
    expect(drawPair([3, 3, 3], createRandom(1))).toBeUndefined();
    for (let seed = 0; seed < 20; seed++) {
      const [first, second] = drawPair([3, 3, 5], createRandom(seed)) ?? [];
      expect(new Set([first, second])).toEqual(new Set([3, 5]));
    }
  });
});
