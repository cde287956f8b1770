import { z } from 'zod';
import { expectedTexts } from '../core/task.ts';
import type { Grader } from './grader.ts';
import { bestOf } from './shared/best.ts';
import { gradeOfMissing, scored, unscored } from './shared/grade.ts';
import { normalise } from './shared/normalise.ts';

export const options = z.strictObject({
  /** What to look for. Default: the task's expected answer, of several any one. */
  values: z.array(z.string().min(1)).min(1).optional(),
  /** Whether every value must be there, or one is enough. */
  mode: z.enum(['all', 'any']).default('all'),
  /** Compare every character, instead of ignoring case, white space, punctuation at the ends and Unicode form. */
  strict: z.boolean().default(false),
});

/** 1 when the answer contains the expected text or the listed values, else 0; no part credit. */
export default function createContainsGrader({ values, mode, strict }: z.infer<typeof options>): Grader {
  const form = strict ? (text: string) => text : normalise;
  return {
    name: 'contains',
    identity: { grader: 'contains', values: values ?? null, mode, strict },
    needsExpected: values === undefined,
    usesModel: false,
    grade: bestOf(async (rollout, task) => {
      const wanted = values ?? (task.expected === null ? [] : [task.expected]);
      if (wanted.length === 0) return unscored('the task has no expected answer');
      if (wanted.some((value) => form(value) === '')) return unscored('every answer contains an empty text');
      const missing = gradeOfMissing(rollout);
      if (missing !== undefined) return missing;
      const answer = form(rollout.answer);
      const absent = wanted.filter((value) => !answer.includes(form(value)));
      const found = wanted.length - absent.length;
      const passes = mode === 'all' ? absent.length === 0 : found > 0;
      return scored(passes ? 1 : 0, `contains ${found} of ${wanted.length}${missingList(absent)}`);
    }, expectedTexts),
  };
}

function missingList(absent: readonly string[]): string {
  return absent.length === 0 ? '' : `, not ${absent.map((value) => JSON.stringify(value)).join(', ')}`;
}
