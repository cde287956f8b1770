import { type GepaOptions, options, search } from './gepa/search.ts';
import type { Optimizer } from './optimizer.ts';
import { iterationLimit } from './shared/rounds.ts';

/**
 * Reflective evolution with a Pareto front over validation tasks: GEPA (Agrawal et al., arXiv 2507.19457) as the package
 * gepa 0.1.4 does it, with its defaults. An iteration draws a parent by the number of validation tasks that it wins, runs
 * it on the next 3 training tasks, lets the editor write a new prompt from what came of them, and keeps the child if it
 * does strictly better on the same tasks; only then it is run on the whole validation set. Nothing is cached, as there.
 *
 * Different from the package: a rollout budget is hard (the package may pass it by one iteration), with a small one the
 * validation set is cut to a fifth of it, and `merge` is a crossover of texts by the editor, because the package can
 * merge only prompts of several components.
 *
 * One call is critic and editor, as in the source: the editor reads rollouts, not findings. Splitting it in two would be
 * another algorithm, so they stand in fences with the rule after them, and the gate judges what comes of it.
 *
 * The reported score is the best of many on the same validation tasks, as in the source: it promises too much. Keep a
 * test split for the truth.
 */
export { options };

const DEFAULT_ITERATIONS = 50;
/** Share of the children that pass the minibatch, for the forecast: between .34 and .67 for children that are no better. */
const ACCEPTED = 0.45;

export default function createGepa(settings: GepaOptions): Optimizer {
  return {
    name: 'gepa',
    defaultIterations: DEFAULT_ITERATIONS,
    forecast({ train, val, iterations, maxRollouts }) {
      const batch = 2 * Math.min(settings.minibatch, train);
      const tasks = Math.min(val, settings.validationTasks ?? val);
      const limit = iterationLimit(iterations, DEFAULT_ITERATIONS, maxRollouts);
      const affordable = Math.ceil(Math.max(0, maxRollouts - tasks) / (batch + ACCEPTED * tasks));
      const rounds = Math.min(limit, affordable);
      const rollouts = Math.min(maxRollouts, tasks + rounds * (batch + tasks));
      return {
        rollouts,
        critiques: 0,
        edits: rounds,
        note: `about ${rounds} proposals, each tried on ${batch / 2} tasks first`,
      };
    },
    run: (context) =>
      search(settings, context, iterationLimit(context.iterations, DEFAULT_ITERATIONS, context.remainingRollouts())),
  };
}
