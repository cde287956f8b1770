import { z } from 'zod';
import { expectedTexts } from '../core/task.ts';
import type { Grader } from './grader.ts';
import { bestOf } from './shared/best.ts';
import { gradeOfMissing, scored, unscored } from './shared/grade.ts';
import { normalise } from './shared/normalise.ts';

export const options = z.strictObject({
  /** Compare every character, instead of ignoring case, white space, punctuation at the ends and Unicode form. */
  strict: z.boolean().default(false),
});

/** 1 when the answer is the expected one, or one of several, else 0. */
export default function createExactGrader({ strict }: z.infer<typeof options>): Grader {
  const form = strict ? (text: string) => text : normalise;
  return {
    name: 'exact',
    identity: { grader: 'exact', strict },
    needsExpected: true,
    usesModel: false,
    grade: bestOf(async (rollout, task) => {
      if (task.expected === null) return unscored('the task has no expected answer');
      const missing = gradeOfMissing(rollout);
      if (missing !== undefined) return missing;
      return form(rollout.answer) === form(task.expected)
        ? scored(1, 'equals the expected answer')
        : scored(0, 'differs from the expected answer');
    }, expectedTexts),
  };
}
