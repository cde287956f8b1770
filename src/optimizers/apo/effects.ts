import type { Random } from '../../core/random.ts';
import { cholesky, solveLower, solveUpper } from './linear.ts';

/**
 * Bayesian logistic regression with Gaussian priors and fractional outcomes (0..1), Laplace approximation by Newton's
 * method. Features are sparse; each group of observations also has a level of its own, which is eliminated exactly (the
 * Hessian's block of levels is diagonal), so that the cost depends on the number of effects and not on that of groups.
 */
export type Observation = {
  readonly group: number;
  /** Effects that act here, each at most once, with their values. */
  readonly effects: readonly number[];
  readonly values: readonly number[];
  readonly outcome: number;
  readonly weight: number;
};
export type Prior = { readonly mean: number; readonly deviation: number };
/** An effect that is estimated, by a name that stays when others are added: earlier estimates are where the next fit starts. */
export type Effect = { readonly name: string; readonly prior: Prior };
export type Start = { readonly means: ReadonlyMap<string, number>; readonly levels: Float64Array };

export type Posterior = {
  readonly mean: Float64Array;
  /** Mean level of each group; 0 for a group that was never seen. */
  readonly levels: Float64Array;
  /** Marginal standard deviation of an effect. */
  deviation(effect: number): number;
  /** A draw of all effects, the deviation scaled. */
  sample(random: Random, scale: number): Float64Array;
};

const MAX_STEPS = 15;
/** From an earlier fit on, a few observations more move the mode little. */
const MAX_STEPS_FROM_START = 4;
const TOLERANCE = 1e-3;

export function fitEffects(
  effects: readonly Effect[],
  groupCount: number,
  groupDeviation: number,
  observations: readonly Observation[],
  start?: Start,
): Posterior {
  const n = effects.length;
  const mean = Float64Array.from(effects, ({ name, prior }) => start?.means.get(name) ?? prior.mean);
  const levels = new Float64Array(groupCount);
  if (start !== undefined) levels.set(start.levels.subarray(0, groupCount));
  const byGroup: Observation[][] = Array.from({ length: groupCount }, () => []);
  for (const observation of observations) byGroup[observation.group]?.push(observation);
  const hessian = new Float64Array(n * n);
  const gradient = new Float64Array(n);
  const cross = new Float64Array(n);
  const isTouched = new Uint8Array(n);

  let eliminated: readonly Eliminated[] = [];
  for (let step = 0; step < (start === undefined ? MAX_STEPS : MAX_STEPS_FROM_START); step++) {
    // Near the mode the curvature of the first step does for the others.
    const isCurved = start === undefined || step === 0;
    if (isCurved) hessian.fill(0);
    for (let effect = 0; effect < n; effect++) {
      const { mean: center, deviation } = (effects[effect] as Effect).prior;
      const precision = 1 / deviation ** 2;
      if (isCurved) hessian[effect * n + effect] = precision;
      gradient[effect] = -precision * ((mean[effect] as number) - center);
    }
    const slopes = byGroup.map((own, group) => addGradient(own, group));
    if (isCurved) {
      eliminated = byGroup.map((own, group) => addCurvature(own, group));
      cholesky(hessian, n);
    }
    // What a group's own level explains is taken out (Schur complement).
    for (const [group, { touched, crosses, curvature }] of eliminated.entries()) {
      touched.forEach((effect, index) => {
        gradient[effect] =
          (gradient[effect] as number) - ((crosses[index] as number) * (slopes[group] as number)) / curvature;
      });
    }
    const change = solveUpper(hessian, n, solveLower(hessian, n, gradient));
    let largest = 0;
    for (const value of change) largest = Math.max(largest, Math.abs(value));
    // A long Newton step is cut: the logistic likelihood is flat far from its mode.
    const damping = largest > 3 ? 3 / largest : 1;
    for (let effect = 0; effect < n; effect++)
      mean[effect] = (mean[effect] as number) + damping * (change[effect] as number);
    for (const [group, { touched, crosses, curvature }] of eliminated.entries()) {
      let delta = slopes[group] as number;
      touched.forEach((effect, index) => {
        delta -= (crosses[index] as number) * (change[effect] as number);
      });
      levels[group] = (levels[group] as number) + (damping * delta) / curvature;
    }
    if (largest < TOLERANCE) break;
  }

  function chanceOf({ effects: acting, values }: Observation, level: number): number {
    let linear = level;
    for (let i = 0; i < acting.length; i++) linear += (mean[acting[i] as number] as number) * (values[i] as number);
    return 1 / (1 + Math.exp(-linear));
  }

  /** Adds a group's observations to the gradient. Returns the slope of the group's level. */
  function addGradient(own: readonly Observation[], group: number): number {
    const level = levels[group] as number;
    let slope = -level / groupDeviation ** 2;
    for (const observation of own) {
      const { effects: acting, values, outcome, weight } = observation;
      const residual = weight * (outcome - chanceOf(observation, level));
      slope += residual;
      for (let i = 0; i < acting.length; i++) {
        const effect = acting[i] as number;
        gradient[effect] = (gradient[effect] as number) + residual * (values[i] as number);
      }
    }
    return slope;
  }

  /** Adds a group's observations to the Hessian, less what the group's own level explains. */
  function addCurvature(own: readonly Observation[], group: number): Eliminated {
    const level = levels[group] as number;
    const touched: number[] = [];
    let curvature = 1 / groupDeviation ** 2;
    for (const observation of own) {
      const { effects: acting, values, weight } = observation;
      const probability = chanceOf(observation, level);
      const information = Math.max(1e-6, weight * probability * (1 - probability));
      curvature += information;
      for (let i = 0; i < acting.length; i++) {
        const effect = acting[i] as number;
        const scaled = information * (values[i] as number);
        if (isTouched[effect] === 0) touched.push(effect);
        isTouched[effect] = 1;
        cross[effect] = (cross[effect] as number) + scaled;
        for (let j = 0; j < acting.length; j++) {
          const other = acting[j] as number;
          if (other <= effect)
            hessian[effect * n + other] = (hessian[effect * n + other] as number) + scaled * (values[j] as number);
        }
      }
    }
    const crosses = Float64Array.from(touched, (effect) => cross[effect] as number);
    for (let i = 0; i < touched.length; i++) {
      const a = touched[i] as number;
      for (let j = 0; j < touched.length; j++) {
        const b = touched[j] as number;
        if (b <= a)
          hessian[a * n + b] =
            (hessian[a * n + b] as number) - ((crosses[i] as number) * (crosses[j] as number)) / curvature;
      }
    }
    for (const effect of touched) {
      cross[effect] = 0;
      isTouched[effect] = 0;
    }
    return { touched, crosses, curvature };
  }

  return {
    mean,
    levels,
    deviation(effect) {
      const unit = new Float64Array(n);
      unit[effect] = 1;
      const solved = solveLower(hessian, n, unit);
      return Math.sqrt(solved.reduce((sum, value) => sum + value * value, 0));
    },
    sample(random, scale) {
      const noise = Float64Array.from({ length: n }, () => random.normal());
      const draw = solveUpper(hessian, n, noise);
      return draw.map((value, effect) => (mean[effect] as number) + scale * value);
    },
  };
}

type Eliminated = {
  readonly touched: readonly number[];
  readonly crosses: Float64Array;
  readonly curvature: number;
};
