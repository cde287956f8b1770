import type { z } from 'zod';
import type { Grader } from './grader.ts';
import { gradeOfMissing, scored } from './shared/grade.ts';
import { limits, penalized } from './shared/penalty.ts';

/** In tokens of a rollout: input and output of all its calls, the prompt's own among them. */
export const options = limits;

/** Scores how few tokens the rollout took: a penalty for cost, as one part of a weighted mean. */
export default function createTokensGrader(given: z.infer<typeof options>): Grader {
  return {
    name: 'tokens',
    identity: { grader: 'tokens', ...given },
    needsExpected: false,
    usesModel: false,
    async grade(rollout) {
      const tokens = rollout.events.reduce(
        (sum, event) => (event.type === 'model_call' ? sum + event.usage.input + event.usage.output : sum),
        0,
      );
      return gradeOfMissing(rollout) ?? scored(penalized(tokens, given), `${tokens} tokens, ${given.free} are free`);
    },
  };
}
