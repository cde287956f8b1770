import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.ts';
import type { ScoredRollout } from '../../src/core/rollout.ts';
import { signFlipChance } from '../../src/core/statistics.ts';
import { decideVerdict } from '../../src/engine/verdict.ts';
import type { Verdict } from '../../src/optimizers/optimizer.ts';

function rollouts(scores: readonly number[]): readonly ScoredRollout[] {
  return scores.map((score, task) => ({
    rollout: {
      id: `r${task}`,
      taskId: `t${task}`,
      promptId: 'p',
      sample: 0,
      status: 'ok',
      answer: 'a',
      failure: null,
      traceId: '',
      events: [],
      usage: { input: 0, output: 0, cached: 0, reasoning: 0, estimated: false },
      durationMs: 1,
    },
    grade: { status: 'scored', score, reason: '' },
  }));
}

type Case = { readonly before: readonly number[]; readonly after: readonly number[]; readonly tried?: number };

function verdict({ before, after, tried = 1 }: Case, test: Case | undefined = undefined, isStart = false): Verdict {
  return decideVerdict(
    {
      isStart,
      before: rollouts(before),
      after: rollouts(after),
      tried,
      test: { before: rollouts(test?.before ?? []), after: rollouts(test?.after ?? []) },
      startScores: before,
    },
    createRandom(1, 'verdict'),
  );
}

const fill = (count: number, score: number): number[] => Array.from({ length: count }, () => score);

/** Share of `improved` over seeds: the best of `tried` prompts on the same tasks. */
function improved(count: number, start: number, truth: number, tried: number): number {
  const draw = (random: Random, chance: number): number[] =>
    Array.from({ length: count }, () => (random.next() < chance ? 1 : 0));
  const runs = Array.from({ length: 40 }, (_, seed) => {
    const random = createRandom(seed, 'runs');
    const before = draw(random, start);
    const children = Array.from({ length: tried }, () => draw(random, truth));
    const sum = (scores: readonly number[]): number => scores.reduce((a, b) => a + b, 0);
    const after = children.reduce((a, b) => (sum(b) > sum(a) ? b : a));
    return verdict({ before, after, tried });
  });
  return runs.filter((one) => one === 'improved').length / runs.length;
}

describe('the verdict', () => {
  it('claims no improvement where there is none, also when the best of many was chosen', () => {
    for (const count of [6, 12, 24]) expect(improved(count, 0.5, 0.5, 1), `${count} tasks`).toBeLessThan(0.11);
    expect(improved(24, 0.5, 0.5, 8)).toBeLessThan(0.11);
    expect(improved(24, 0.5, 0.4, 1)).toBeLessThan(0.06);
  });

  it('sees clear gains', () => {
    expect(improved(24, 0.3, 0.8, 1)).toBeGreaterThan(0.85);
    expect(improved(12, 0.1, 0.9, 4)).toBeGreaterThan(0.85);
    expect(verdict({ before: fill(9, 0), after: [...fill(8, 1), 0] })).toBe('improved');
  });

  it('takes three wins of twelve for no proof', () => {
    expect(verdict({ before: fill(12, 0), after: [...fill(3, 1), ...fill(9, 0)] })).toBe('not_enough_data');
  });

  it('is not kept up against the sealed test part', () => {
    const gained = { before: fill(24, 0), after: [...fill(10, 1), ...fill(14, 0)] };
    expect(verdict(gained)).toBe('improved');
    expect(verdict(gained, { before: fill(12, 0), after: [...fill(5, 1), ...fill(7, 0)] })).toBe('improved');
    expect(verdict(gained, { before: [...fill(3, 1), ...fill(9, 0)], after: [...fill(9, 0), ...fill(3, 1)] })).toBe(
      'not_enough_data',
    );
  });

  it('says that there is none worth having where the start does everything right on enough tasks', () => {
    expect(verdict({ before: fill(40, 1), after: fill(40, 1) }, undefined, true)).toBe('no_improvement');
    expect(verdict({ before: fill(10, 1), after: fill(10, 1) }, undefined, true)).toBe('not_enough_data');
  });
});

it('no chance is 0, however few of the drawn sign flips are as large', () => {
  const wins = fill(13, 1);
  for (let seed = 0; seed < 6; seed++) {
    expect(signFlipChance(wins, createRandom(seed))).toBeGreaterThan(0);
    expect(signFlipChance(wins, createRandom(seed))).toBeLessThan(0.005);
  }
  expect(signFlipChance(fill(5, 1), createRandom(0))).toBeCloseTo(1 / 32);
});
