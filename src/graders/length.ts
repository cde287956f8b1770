import type { z } from 'zod';
import type { Grader } from './grader.ts';
import { gradeOfMissing, scored } from './shared/grade.ts';
import { limits, penalized } from './shared/penalty.ts';

/** In characters of the answer. */
export const options = limits;

/** Scores how short the answer is: a penalty for length, as one part of a weighted mean. */
export default function createLengthGrader(given: z.infer<typeof options>): Grader {
  return {
    name: 'length',
    identity: { grader: 'length', ...given },
    needsExpected: false,
    usesModel: false,
    async grade(rollout) {
      const { length } = rollout.answer;
      return (
        gradeOfMissing(rollout) ?? scored(penalized(length, given), `${length} characters, ${given.free} are free`)
      );
    },
  };
}
