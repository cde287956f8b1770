import { cholesky, solveLower, solveUpper } from './linear.ts';

/**
 * What is believed of whole prompts that were made from each other: the worth of a rollout is the prompt's value, plus how
 * easy the task is, plus noise; an edit's value is its parent's plus a gain that is mostly small. All normal, so that every
 * rollout of every prompt counts for all of its kin, luck on a few tasks is taken as such, and nothing has to be accepted or
 * rejected (the posterior means of POLCA, with the tree as the prior).
 */
export type Beliefs = {
  /** Adds a prompt. Returns its index. */
  add(origin: Origin): number;
  observe(prompt: number, task: number, worth: number): void;
  /** Expected worth of a rollout on a random task. */
  value(prompt: number): number;
  /** The same with its deviation, less the value of another prompt where one is given. */
  belief(prompt: number, other?: number): Belief;
};

/** An edit by its parent; anything else by what is believed of it before. */
export type Origin = { readonly parent: number } | Belief;

/** A mean with its posterior deviation. */
export type Belief = { readonly mean: number; readonly deviation: number };

/** Standard deviations: of a rollout around what is expected of it, of tasks, and of an edit's gain. */
export type Spread = { readonly noise: number; readonly task: number; readonly gain: number };

export function createBeliefs({ noise, task: taskSpread, gain }: Spread): Beliefs {
  const priors: Origin[] = [];
  const seen: { prompt: number; task: number; worth: number }[] = [];
  let fitted: { mean: Float64Array; factor: Float64Array } | undefined;

  function solve(): { mean: Float64Array; factor: Float64Array } {
    if (fitted !== undefined) return fitted;
    const n = priors.length;
    const precision = new Float64Array(n * n);
    const target = new Float64Array(n);
    const put = (row: number, column: number, value: number): void => {
      precision[row * n + column] = (precision[row * n + column] as number) + value;
    };
    priors.forEach((prior, index) => {
      if ('parent' in prior) {
        const weight = 1 / gain ** 2;
        put(index, index, weight);
        put(prior.parent, prior.parent, weight);
        put(index, prior.parent, -weight);
      } else {
        put(index, index, 1 / prior.deviation ** 2);
        target[index] = (target[index] as number) + prior.mean / prior.deviation ** 2;
      }
    });
    const byTask = new Map<number, Map<number, { count: number; sum: number }>>();
    for (const { prompt, task, worth } of seen) {
      const own = byTask.get(task) ?? new Map<number, { count: number; sum: number }>();
      const { count, sum } = own.get(prompt) ?? { count: 0, sum: 0 };
      own.set(prompt, { count: count + 1, sum: sum + worth });
      byTask.set(task, own);
    }
    // Levels of tasks are eliminated: their block is diagonal.
    const each = 1 / noise ** 2;
    for (const own of byTask.values()) {
      const rows = [...own];
      const level = 1 / taskSpread ** 2 + each * rows.reduce((all, [, { count }]) => all + count, 0);
      const total = each * rows.reduce((all, [, { sum }]) => all + sum, 0);
      for (const [a, { count, sum }] of rows) {
        put(a, a, each * count);
        target[a] = (target[a] as number) + each * sum - (each * count * total) / level;
        for (const [b, other] of rows) if (b <= a) put(a, b, -(each * count * each * other.count) / level);
      }
    }
    const factor = cholesky(precision, n);
    fitted = { mean: solveUpper(factor, n, solveLower(factor, n, target)), factor };
    return fitted;
  }

  return {
    add(origin) {
      fitted = undefined;
      return priors.push(origin) - 1;
    },
    observe(prompt, task, worth) {
      fitted = undefined;
      seen.push({ prompt, task, worth });
    },
    value: (prompt) => solve().mean[prompt] as number,
    belief(prompt, other) {
      const { mean, factor } = solve();
      const contrast = new Float64Array(priors.length);
      contrast[prompt] = 1;
      if (other !== undefined) contrast[other] = (contrast[other] as number) - 1;
      const expected = contrast.reduce((sum, weight, index) => sum + weight * (mean[index] as number), 0);
      const solved = solveLower(factor, priors.length, contrast);
      return { mean: expected, deviation: Math.sqrt(solved.reduce((sum, one) => sum + one * one, 0)) };
    },
  };
}
