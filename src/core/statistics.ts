import type { Random } from './random.ts';

/** Closed interval [low, high]. */
export type Interval = readonly [number, number];

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; 0 for fewer than two values. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/**
 * 95 % interval of a mean of values in 0..1: Wilson's score interval with the observed mean in place of the proportion.
 * Exact form for 0/1 values; conservative for graded ones, whose variance is smaller. E. B. Wilson, JASA 1927.
 */
export function meanInterval(values: readonly number[]): Interval {
  const n = values.length;
  if (n === 0) return [0, 1];
  const z = 1.96;
  const p = mean(values);
  const center = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

/** Standard normal distribution function. Abramowitz and Stegun 26.2.17; error below 1e-5. */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    0.3989423 *
    Math.exp((-z * z) / 2) *
    t *
    (0.3193815 + t * (-0.3565638 + t * (1.781478 + t * (-1.821256 + t * 1.330274))));
  return z > 0 ? 1 - tail : tail;
}

export type PairedBootstrap = {
  /** Mean of `after - before`. */
  readonly difference: number;
  /** 95 % percentile interval. */
  readonly interval: Interval;
  readonly n: number;
};

/** Paired bootstrap of a mean difference (Efron and Tibshirani 1993, ch. 13). Both lists are by the same tasks. */
export function pairedBootstrap(
  before: readonly number[],
  after: readonly number[],
  random: Random,
  resamples = 2000,
): PairedBootstrap {
  const differences = after.map((value, index) => value - (before[index] ?? 0));
  const n = differences.length;
  if (n === 0) return { difference: 0, interval: [-1, 1], n };
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let draw = 0; draw < n; draw++) sum += differences[random.integer(n)] ?? 0;
    return sum / n;
  }).sort((a, b) => a - b);
  const quantile = (q: number): number => means[Math.min(resamples - 1, Math.floor(q * resamples))] ?? 0;
  return {
    difference: mean(differences),
    interval: [quantile(0.025), quantile(0.975)],
    n,
  };
}

const MOST_FLIPS = 4096;

/**
 * Chance of a mean difference as large as the observed one if each difference were as likely the other way round: a paired
 * permutation test, one-sided (Fisher 1935; Good, Permutation Tests, ch. 3). Exact for up to 12 differences other than 0.
 */
export function signFlipChance(differences: readonly number[], random: Random): number {
  const told = differences.filter((difference) => difference !== 0);
  const observed = told.reduce((sum, difference) => sum + difference, 0);
  if (told.length === 0) return 1;
  const isExact = 2 ** told.length <= MOST_FLIPS;
  const flips = isExact ? 2 ** told.length : MOST_FLIPS;
  let asLarge = 0;
  for (let flip = 0; flip < flips; flip++) {
    const sum = told.reduce((total, difference, index) => {
      const isFlipped = isExact ? ((flip >> index) & 1) === 1 : random.next() < 0.5;
      return total + (isFlipped ? -difference : difference);
    }, 0);
    if (sum >= observed - 1e-9) asLarge += 1;
  }
  // What was observed is one of the draws, so that no chance is 0 (Phipson and Smyth 2010).
  return isExact ? asLarge / flips : (asLarge + 1) / (flips + 1);
}

/** The smallest gain of a mean in 0..1 that `n` paired tasks can show with 80 % power at 5 % (normal approximation). */
export function detectableGain(n: number): number {
  return Math.min(1, 2.8 * Math.sqrt(0.2 / Math.max(1, n)));
}

/** P(X >= successes) of a binomial distribution. */
export function binomialTail(successes: number, trials: number, probability: number): number {
  if (successes <= 0 || probability >= 1) return 1;
  if (probability <= 0) return 0;
  const odds = probability / (1 - probability);
  let log = trials * Math.log1p(-probability);
  let below = 0;
  for (let k = 0; k < successes; k++) {
    below += Math.exp(log);
    log += Math.log(((trials - k) / (k + 1)) * odds);
  }
  return Math.max(0, 1 - below);
}
