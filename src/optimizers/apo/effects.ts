import type { Random } from '../../core/random.ts';
import { cholesky, solveLower, solveUpper } from './linear.ts';

/**
 * Bayesian logistic regression with Gaussian priors and fractional outcomes (reward 0..1), Laplace approximation by
 * Newton's method. Features are sparse; each task also has a difficulty of its own, which is eliminated exactly (the
 * Hessian's task block is diagonal), so that the cost depends on the number of effects and not on that of tasks.
 */
export type Feature = readonly [effect: number, value: number];
export type Observation = {
  readonly task: number;
  readonly features: readonly Feature[];
  readonly reward: number;
  readonly weight: number;
};
export type Prior = { readonly mean: number; readonly deviation: number };
/** An effect that is estimated, by a name that stays when others are added: earlier estimates are where the next fit starts. */
export type Effect = { readonly name: string; readonly prior: Prior };
export type Start = { readonly means: ReadonlyMap<string, number>; readonly tasks: Float64Array };

export type Posterior = {
  readonly mean: Float64Array;
  /** Mean difficulty effect of each task; 0 for a task that was never seen. */
  readonly tasks: Float64Array;
  /** Marginal standard deviation of an effect. */
  deviation(effect: number): number;
  /** A draw of all effects, the deviation scaled. */
  sample(random: Random, scale: number): Float64Array;
};

const MAX_STEPS = 12;
/** From an earlier fit on, a few observations more move the mode little. */
const MAX_STEPS_FROM_START = 3;
const TOLERANCE = 1e-3;

export function fitEffects(
  effects: readonly Effect[],
  taskCount: number,
  taskDeviation: number,
  observations: readonly Observation[],
  start?: Start,
): Posterior {
  const n = effects.length;
  const mean = new Float64Array(n);
  for (let effect = 0; effect < n; effect++)
    mean[effect] = start?.means.get(effects[effect]?.name ?? '') ?? effects[effect]?.prior.mean ?? 0;
  const tasks = new Float64Array(taskCount);
  if (start !== undefined) tasks.set(start.tasks.subarray(0, taskCount));
  const taskPrecision = 1 / taskDeviation ** 2;
  const byTask: Observation[][] = Array.from({ length: taskCount }, () => []);
  for (const observation of observations) byTask[observation.task]?.push(observation);
  let factor: Float64Array = new Float64Array(n * n);

  for (let step = 0; step < (start === undefined ? MAX_STEPS : MAX_STEPS_FROM_START); step++) {
    const hessian = new Float64Array(n * n);
    const gradient = new Float64Array(n);
    const eliminated: { task: number; cross: Float64Array; touched: number[]; gradient: number; curvature: number }[] =
      [];
    for (let effect = 0; effect < n; effect++) {
      const { mean: center, deviation } = (effects[effect] as Effect).prior;
      const precision = 1 / deviation ** 2;
      hessian[effect * n + effect] = precision;
      gradient[effect] = -precision * ((mean[effect] as number) - center);
    }
    for (let task = 0; task < taskCount; task++) {
      const own = byTask[task] as Observation[];
      if (own.length === 0) continue;
      const offset = tasks[task] as number;
      const cross = new Map<number, number>();
      let taskGradient = -taskPrecision * offset;
      let curvature = taskPrecision;
      for (const { features, reward, weight } of own) {
        let linear = offset;
        for (const [effect, value] of features) linear += (mean[effect] as number) * value;
        const probability = 1 / (1 + Math.exp(-linear));
        const residual = weight * (reward - probability);
        const w = Math.max(1e-6, weight * probability * (1 - probability));
        taskGradient += residual;
        curvature += w;
        for (const [effect, value] of features) {
          gradient[effect] = (gradient[effect] as number) + residual * value;
          cross.set(effect, (cross.get(effect) ?? 0) + w * value);
          for (const [other, otherValue] of features) {
            if (other <= effect)
              hessian[effect * n + other] = (hessian[effect * n + other] as number) + w * value * otherValue;
          }
        }
      }
      // Schur complement: subtract what the task's own difficulty explains.
      const touched = [...cross.keys()];
      for (const a of touched) {
        gradient[a] = (gradient[a] as number) - ((cross.get(a) as number) * taskGradient) / curvature;
        for (const b of touched) {
          if (b <= a)
            hessian[a * n + b] =
              (hessian[a * n + b] as number) - ((cross.get(a) as number) * (cross.get(b) as number)) / curvature;
        }
      }
      eliminated.push({
        task,
        cross: Float64Array.from(touched, (effect) => cross.get(effect) as number),
        touched,
        gradient: taskGradient,
        curvature,
      });
    }
    factor = cholesky(hessian, n);
    const change = solveUpper(factor, n, solveLower(factor, n, gradient));
    const largest = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // A long Newton step is cut: the logistic likelihood is flat far from its mode.
    const damping = largest > 3 ? 3 / largest : 1;
    for (let effect = 0; effect < n; effect++)
      mean[effect] = (mean[effect] as number) + damping * (change[effect] as number);
    for (const { task, cross, touched, gradient: taskGradient, curvature } of eliminated) {
      let delta = taskGradient;
      touched.forEach((effect, index) => {
        delta -= (cross[index] as number) * (change[effect] as number);
      });
      tasks[task] = (tasks[task] as number) + (damping * delta) / curvature;
    }
    if (largest < TOLERANCE) break;
  }

  return {
    mean,
    tasks,
    deviation(effect) {
      const unit = new Float64Array(n);
      unit[effect] = 1;
      const solved = solveLower(factor, n, unit);
      return Math.sqrt(solved.reduce((sum, value) => sum + value * value, 0));
    },
    sample(random, scale) {
      const noise = Float64Array.from({ length: n }, () => random.normal());
      const draw = solveUpper(factor, n, noise);
      return draw.map((value, effect) => (mean[effect] as number) + scale * value);
    },
  };
}
