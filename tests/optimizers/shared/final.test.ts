import { describe, expect, it } from 'vitest';
import { finalTasks } from '../../../src/optimizers/shared/final.ts';
import { iterationLimit } from '../../../src/optimizers/shared/rounds.ts';

describe('the comparison at the end', () => {
  it('keeps a share of a budget, at least one task and no more than there are', () => {
    expect(finalTasks(40, 300)).toBe(18);
    expect(finalTasks(40, 3)).toBe(1);
    expect(finalTasks(40, 10_000)).toBe(40);
    expect(finalTasks(40, Number.POSITIVE_INFINITY)).toBe(40);
  });
});

describe('the number of iterations', () => {
  it('is left to a rollout budget unless the user asks for another than the default', () => {
    expect(iterationLimit(50, 50, 300)).toBe(Number.POSITIVE_INFINITY);
    expect(iterationLimit(5, 50, 300)).toBe(5);
    expect(iterationLimit(50, 50, Number.POSITIVE_INFINITY)).toBe(50);
  });
});
