import { allInOrder } from '../core/async.ts';
import type { Prompt } from '../core/prompt.ts';
import type { EndReason, Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { expand } from './protegi/expand.ts';
import { options, type ProtegiOptions } from './protegi/options.ts';
import { LEAST_ROUND, planRounds } from './protegi/plan.ts';
import { type Pulled, type Ranking, select } from './protegi/select.ts';
import { createBatches } from './shared/batches.ts';
import { createFinal, finalTasks } from './shared/final.ts';
import { addStart } from './shared/proposal.ts';
import { headline } from './shared/reply.ts';
import { iterationLimit } from './shared/rounds.ts';
import { rewardsOf } from './shared/scores.ts';
import { firstTrials } from './shared/trials.ts';

/**
 * ProTeGi, prompt optimization with textual gradients (Pryzant et al., arXiv 2305.03495), with the parameters and defaults
 * of its code (LMOps) and UCB for selection, which the paper found best. Each round: errors of every prompt of the beam,
 * gradients on them, edits, paraphrases; then a bandit finds the beam of the next round on training tasks. A prompt is
 * run on a task once; asked again, the bandit gets the same result, as in the source.
 *
 * In the source the editor reads the errors beside the gradient. Here it reads the gradient alone, without quotations: what
 * users wrote reaches no editor (reliability.md I04).
 *
 * The source needs some 13,600 rollouts. A smaller budget makes fewer and smaller rounds of the same shape (see
 * {@link planRounds}) and goes on until it is spent. Validation tasks are only used at the end, for the winner and the
 * start: that score is unbiased.
 */
export { options };

const DEFAULT_ROUNDS = 6;
/** Rounds in a row that bring nothing to run. */
const MAX_IDLE_ROUNDS = 2;

export default function createProtegi(settings: ProtegiOptions): Optimizer {
  return {
    name: 'protegi',
    defaultIterations: DEFAULT_ROUNDS,
    forecast({ val, iterations, maxRollouts }) {
      const tasks = finalTasks(val, maxRollouts);
      const plan = planRounds(settings, iterations, Math.max(1, maxRollouts - 2 * tasks));
      const perRound = plan.beamWidth * plan.minibatch + plan.pulls;
      const isBudgeted = Number.isFinite(maxRollouts);
      const proposals = plan.rounds * plan.beamWidth * plan.children;
      return {
        rollouts: isBudgeted ? maxRollouts : 2 * tasks + plan.rounds * perRound,
        critiques: Math.min(proposals, plan.rounds * plan.beamWidth * settings.gradients),
        edits: 2 * proposals,
        note: `${plan.rounds} rounds with at most ${plan.beamWidth * plan.children} proposals each`,
      };
    },
    run: (context) => search(settings, context),
  };
}

async function search(settings: ProtegiOptions, context: OptimizerContext): Promise<Outcome> {
  await addStart(context);
  const final = await createFinal(context);
  const limit = iterationLimit(context.iterations, DEFAULT_ROUNDS, context.remainingRollouts());
  const nextBatch = createBatches(context.train, 'errors', context);
  let beam: readonly Prompt[] = [context.start];
  let reason: EndReason = 'iterations';
  let idleRounds = 0;

  for (let round = 1; round <= limit; round++) {
    const spendable = final.spendable();
    // What is known already costs nothing, so rounds are often cheaper than planned: each is planned anew.
    const plan = planRounds(settings, Math.max(1, context.iterations - round + 1), Math.max(1, spendable));
    const [previous = context.start] = beam;
    const batches = beam.map(() => nextBatch(plan.minibatch));
    if (spendable < (round === 1 ? batches.flat().length + 1 : LEAST_ROUND / 2)) {
      reason = 'budget';
      break;
    }
    const expansions = await allInOrder(
      beam.map((parent, index) =>
        expand(settings, context, parent, batches[index] ?? [], { round, index, children: plan.children }),
      ),
    );
    const candidates = uniquePrompts([...beam, ...expansions.flatMap(({ children }) => children)]);
    const pull = createPull(context, candidates, round, final.spendable);
    const ranking = await select({
      selector: settings.selector,
      arms: candidates.length,
      pulls: Math.min(plan.pulls, Math.max(1, final.spendable())),
      rounds: settings.evaluationRounds,
      armsPerRound: plan.armsPerRound,
      samples: plan.samples,
      exploration: settings.exploration,
      random: context.random('bandit', round),
      pull,
    });
    beam = keepBest(ranking, candidates, plan.beamWidth);
    const [best = context.start] = beam;
    final.keep(best);
    const critique = headline(expansions.find((expansion) => expansion.critique !== '')?.critique ?? '');
    idleRounds = final.spendable() === spendable ? idleRounds + 1 : 0;
    context.report({ iteration: round, previous, best, score: Math.max(0, ranking[0]?.mean ?? 0), critique });
    if (idleRounds === MAX_IDLE_ROUNDS) {
      reason = 'stalled';
      break;
    }
  }
  return final.finish(beam[0] ?? context.start, reason);
}

function keepBest(ranking: Ranking, candidates: readonly Prompt[], width: number): readonly Prompt[] {
  return ranking.slice(0, width).flatMap(({ arm }) => candidates[arm] ?? []);
}

function uniquePrompts(prompts: readonly Prompt[]): readonly Prompt[] {
  return [...new Map(prompts.map((prompt) => [prompt.id, prompt])).values()];
}

/** Runs arms on the next tasks of a shuffled stream; fewer arms, or none, when the budget does not hold them all. */
function createPull(
  context: OptimizerContext,
  candidates: readonly Prompt[],
  round: number,
  spendable: () => number,
): (arms: readonly number[], count: number) => Promise<readonly Pulled[]> {
  const nextTasks = createBatches(context.train, `bandit-${round}`, context);
  const purpose = { iteration: round, split: 'train', label: `round ${round}, selection` } as const;
  return async (arms, count) => {
    const affordable = Math.floor(spendable() / arms.length);
    const trials = firstTrials(nextTasks(Math.min(count, affordable)));
    if (trials.length === 0) return arms.map(() => ({ sum: 0, count: 0 }));
    return allInOrder(
      arms.map(async (arm) => {
        const rollouts = await context.evaluate(candidates[arm] ?? context.start, trials, purpose);
        const rewards = rewardsOf(rollouts);
        return { sum: rewards.reduce((total, reward) => total + reward, 0), count: rewards.length };
      }),
    );
  };
}
