import type { Prompt } from '../../core/prompt.ts';
import { scoreOf } from '../../core/rollout.ts';
import type { EndReason, OptimizerContext, Outcome } from '../optimizer.ts';
import { clamp } from './rounds.ts';
import { firstTrials } from './trials.ts';

/** Share of a rollout budget that the comparison at the end takes, both prompts together. */
const COMPARED_SHARE = 0.12;

export type Final = {
  /** Rollouts that the search may still start. */
  spendable(): number;
  /** Records the best so far, for a run that is stopped from outside. */
  keep(best: Prompt): void;
  /** Compares the best prompt with the start and returns the better one; at a tie the start. */
  finish(best: Prompt, reason: EndReason): Promise<Outcome>;
};

/** Validation tasks that the comparison at the end gets out of a budget. */
export function finalTasks(val: number, rollouts: number): number {
  return Number.isFinite(rollouts) ? clamp(Math.floor((rollouts * COMPARED_SHARE) / 2), 1, val) : val;
}

/**
 * For optimizers that search on training tasks alone: runs the start on validation tasks at once, and keeps as many
 * rollouts for the winner. The search sees nothing of it, so the reported scores are unbiased but for the choice between
 * two prompts.
 */
export async function createFinal(context: OptimizerContext): Promise<Final> {
  const { start, val } = context;
  const count = finalTasks(val.length, context.remainingRollouts());
  const trials = firstTrials(context.random('final').shuffle(val).slice(0, count));
  const purpose = { split: 'val', label: 'the final comparison' } as const;
  const baseline = await context.evaluate(start, trials, { ...purpose, iteration: 0 });
  context.keep({ best: start, baseline, final: baseline });
  return {
    spendable: () => context.remainingRollouts() - count,
    keep: (best) => context.keep({ best, baseline, final: best.id === start.id ? baseline : [] }),
    async finish(best, reason) {
      if (best.id === start.id || context.remainingRollouts() < count) {
        return { best: start, baseline, final: baseline, reason };
      }
      const final = await context.evaluate(best, trials, { ...purpose, iteration: context.iterations });
      return scoreOf(final) > scoreOf(baseline)
        ? { best, baseline, final, reason }
        : { best: start, baseline, final: baseline, reason };
    },
  };
}
