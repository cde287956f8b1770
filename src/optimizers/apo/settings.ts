import { z } from 'zod';

export const options = z.strictObject({
  /** Training tasks that one drawn prompt is run on. Default 4. */
  stepTasks: z.int().positive().default(4),
  /** Prompts drawn before the model learns again; also what runs in parallel. Default 2. */
  stepsPerRound: z.int().positive().default(2),
  /** Failures that one critic call reads. Default 3. */
  groupSize: z.int().positive().default(3),
  /** Critic calls of one round at most. Default 2. */
  critiquesPerRound: z.int().positive().default(2),
  /** Scale of the posterior's deviation in Thompson sampling. Default 0.1. */
  exploration: z.number().nonnegative().default(0.1),
  /** Share of the rollouts that is kept for the validation tasks. Default 0.16. */
  finalShare: z.number().gt(0).lt(0.9).default(0.16),
  /** Whether whole prompts are tried beside statements. Without, no sentence gets in that was not tried on its own. Default true. */
  wholePrompts: z.boolean().default(true),
  /** Training tasks that an edit of a whole prompt and its parent are compared on. Default 5. */
  wholePromptTasks: z.int().positive().default(5),
  /** Rollouts of one iteration when the run has no rollout budget. Default 30. */
  rolloutsPerIteration: z.int().positive().default(30),
});

export type ApoOptions = z.output<typeof options>;

/** Of a small budget the final comparison may take more, so that it shows anything at all. */
const MOST_FINAL_SHARE = 0.3;
const FEWEST_FINAL_TASKS = 10;

/** Rollouts that are kept for the start and the best prompt on validation tasks. */
export function finalRollouts({ finalShare }: ApoOptions, rollouts: number, val: number): number {
  const least = Math.min(2 * FEWEST_FINAL_TASKS, Math.floor(rollouts * MOST_FINAL_SHARE));
  return Math.max(2, Math.min(2 * val, Math.max(least, Math.floor(rollouts * finalShare))));
}

const MOST_DUEL_TASKS = 12;
/** Share of the rollouts that the comparison of both ways may cost; with fewer there is none. */
const MOST_DUEL_SHARE = 0.125;

/** Training tasks on which the prompts of both ways are compared in the end. */
export function duelTasksOf({ wholePrompts }: ApoOptions, rollouts: number, train: number): number {
  const tasks = Math.min(MOST_DUEL_TASKS, train);
  return wholePrompts && 2 * tasks < rollouts * MOST_DUEL_SHARE ? tasks : 0;
}
