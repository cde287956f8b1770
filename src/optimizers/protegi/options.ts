import { z } from 'zod';
import { SELECTORS } from './select.ts';

export const options = z.strictObject({
  /** Prompts kept after each round. Default 4. */
  beamWidth: z.int().positive().default(4),
  /** Training tasks on which each prompt of the beam is run to find its errors. Default 64. */
  minibatch: z.int().positive().default(64),
  /** Gradients of each prompt in a round. Default 4. */
  gradients: z.int().positive().default(4),
  /** Errors that one gradient is made from. Default 4. */
  errorsPerGradient: z.int().positive().default(4),
  /** Edits by each gradient. Default 1. */
  stepsPerGradient: z.int().positive().default(1),
  /** Paraphrases of each edit, and of the parent. Default 2. */
  mcSamples: z.int().nonnegative().default(2),
  /** Children of a prompt that are tried, drawn from its edits and paraphrases. Default 8. */
  maxExpansion: z.int().positive().default(8),
  /** How the candidates of a round are ranked. Default `ucb`. */
  selector: z.enum(SELECTORS).default('ucb'),
  /** UCB: rounds of pulls. Default 8. */
  evaluationRounds: z.int().positive().default(8),
  /** UCB: prompts pulled in each of these rounds. Default 8. */
  promptsPerEvaluation: z.int().positive().default(8),
  /** UCB: tasks of one pull. Default 32. */
  samples: z.int().positive().default(32),
  /** UCB: weight of exploration (c). Default 1. */
  exploration: z.number().nonnegative().default(1),
});

export type ProtegiOptions = z.output<typeof options>;
