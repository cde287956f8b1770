import { search } from './apo/search.ts';
import { type ApoOptions, options } from './apo/settings.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * The `apo` optimizer: a prompt is a set of statements, every rollout runs another subset, and an effect model learns from
 * all of them what each statement does (a screening experiment, Plackett and Burman 1946, steered by Thompson sampling,
 * arXiv 1707.02038). Critic and editor propose statements by textual gradients; the model disposes.
 */
export { options };

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
