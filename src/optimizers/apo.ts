import { z } from 'zod';
import { search } from './apo/search.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * The `apo` optimizer: a prompt is a set of statements, every rollout runs another subset, and an effect model learns from
 * all of them what each statement does (a screening experiment, Plackett and Burman 1946, steered by Thompson sampling,
 * arXiv 1707.02038). Critic and editor propose statements by textual gradients; the model disposes.
 */
export const options = z.strictObject({
  /** Training tasks that one drawn prompt is run on. Default 4. */
  stepTasks: z.int().positive().default(4),
  /** Prompts drawn before the model learns again; also what runs in parallel. Default 2. */
  stepsPerRound: z.int().positive().default(2),
  /** Failures that one critic call reads. Default 4. */
  groupSize: z.int().positive().default(4),
  /** Scale of the posterior's deviation in Thompson sampling. Default 0.5. */
  exploration: z.number().nonnegative().default(0.5),
  /** Share of the rollouts that is kept for the validation tasks. Default 0.12. */
  finalShare: z.number().gt(0).lt(0.9).default(0.12),
  /** Rollouts of one iteration when the run has no rollout budget. Default 30. */
  rolloutsPerIteration: z.int().positive().default(30),
});

export type ApoOptions = z.output<typeof options>;

export default function createApo(settings: ApoOptions): Optimizer {
  return {
    name: 'apo',
    defaultIterations: 10,
    forecast({ val, iterations, maxRollouts }) {
      const rollouts = plannedRollouts(settings, iterations, maxRollouts);
      const critiques = Math.ceil(rollouts / 8);
      const statements = Math.floor(rollouts / 8);
      return {
        rollouts,
        critiques,
        edits: critiques,
        note: `about ${statements} statements can be tested; ${Math.min(val, finalTasks(settings, rollouts, val))} validation tasks are kept for the end`,
      };
    },
    run: (context) =>
      search(settings, context, plannedRollouts(settings, context.iterations, context.remainingRollouts())),
  };
}

function plannedRollouts({ rolloutsPerIteration }: ApoOptions, iterations: number, maxRollouts: number): number {
  return Number.isFinite(maxRollouts) ? maxRollouts : iterations * rolloutsPerIteration;
}

function finalTasks({ finalShare }: ApoOptions, rollouts: number, val: number): number {
  return Math.max(1, Math.min(val, Math.floor((rollouts * finalShare) / 2)));
}
