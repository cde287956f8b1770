import { expect, test } from 'vitest';
import { normalCdf } from '../../src/core/statistics.ts';

test.each([
  [0, 0.5],
  [1.959964, 0.975],
  [-1.644854, 0.05],
  [4, 0.999968],
  [-40, 0],
])('normalCdf(%f) is %f', (z, chance) => {
  expect(Math.abs(normalCdf(z) - chance)).toBeLessThan(1e-5);
});
