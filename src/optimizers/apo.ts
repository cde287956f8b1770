import { search } from './apo/search.ts';
import { type ApoOptions, finalRollouts, options } from './apo/settings.ts';
import type { Optimizer } from './optimizer.ts';
import { iterationLimit } from './shared/rounds.ts';

/**
 * The `apo` optimizer: a prompt is a set of statements, every rollout runs another subset, and an effect model learns from
 * all of them what each statement does (a screening experiment, Plackett and Burman 1946, steered by Thompson sampling,
 * arXiv 1707.02038). Critic and editor propose statements by textual gradients; the model disposes.
 */
export { options };

/** A rule of thumb from simulated runs, which proposed 47 to 73 statements in 250 rollouts. */
const ROLLOUTS_PER_STATEMENT = 5;
const DEFAULT_ITERATIONS = 10;

export default function createApo(settings: ApoOptions): Optimizer {
  return {
    name: 'apo',
    endsWithComparison: true,
    defaultIterations: DEFAULT_ITERATIONS,
    forecast({ val, iterations, maxRollouts }) {
      const rollouts = plannedRollouts(settings, iterations, maxRollouts);
      const kept = finalRollouts(settings, rollouts, val);
      const rounds = Math.ceil((rollouts - kept) / (settings.stepTasks * settings.stepsPerRound));
      const critiques = rounds * settings.critiquesPerRound;
      return {
        rollouts,
        critiques,
        edits: critiques,
        comparedTasks: Math.min(val, Math.floor(kept / 2)),
        note: `about ${Math.floor((rollouts - kept) / ROLLOUTS_PER_STATEMENT)} statements can be tested; ${Math.floor(kept / 2)} validation tasks are kept for the end`,
      };
    },
    async run(context) {
      const limit = context.remainingRollouts();
      const planned = plannedRollouts(settings, context.iterations, limit);
      const outcome = await search(settings, context, planned);
      return outcome.reason === 'budget' && planned < limit ? { ...outcome, reason: 'iterations' } : outcome;
    },
  };
}

function plannedRollouts({ rolloutsPerIteration }: ApoOptions, iterations: number, maxRollouts: number): number {
  return Math.min(maxRollouts, iterationLimit(iterations, DEFAULT_ITERATIONS, maxRollouts) * rolloutsPerIteration);
}
