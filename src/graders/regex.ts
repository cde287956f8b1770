import { z } from 'zod';
import { ApoError, messageOf } from '../core/errors.ts';
import { expectedAnswers } from '../core/task.ts';
import type { Grader } from './grader.ts';
import { bestOf, problemOfAll } from './shared/best.ts';
import { gradeOfMissing, scored, unscored } from './shared/grade.ts';
import { runCheck } from './shared/worker.ts';

export const options = z.strictObject({
  /** JavaScript pattern, found anywhere in the answer. Default: the task's expected answers are patterns. */
  pattern: z.string().min(1).optional(),
  /** Of `i`, `m`, `s`, `u`, `v`. */
  flags: z
    .string()
    .regex(/^[imsuv]*$/, 'may have i, m, s, u and v')
    .default(''),
  /** A pattern that takes longer leaves the answer unscored. */
  timeoutMs: z.int().min(1).max(60_000).default(1000),
});

/** 1 when the pattern matches the answer, else 0. Runs outside of the main thread, so that no pattern can hang the run. */
export default function createRegexGrader({ pattern, flags, timeoutMs }: z.infer<typeof options>): Grader {
  if (pattern !== undefined) checkPattern(pattern, flags);
  return {
    name: 'regex',
    identity: { grader: 'regex', pattern: pattern ?? null, flags, timeoutMs },
    needsExpected: pattern === undefined,
    usesModel: false,
    problemOf(task) {
      if (pattern !== undefined) return undefined;
      return problemOfAll(task, expectedAnswers, (expected) => problemOfPattern(expected, flags));
    },
    grade: bestOf(async (rollout, task) => {
      const source = pattern ?? task.expected;
      if (source === null) return unscored('the task has no expected answer');
      const missing = gradeOfMissing(rollout);
      if (missing !== undefined) return missing;
      const result = await runCheck({ kind: 'regex', pattern: source, flags, text: rollout.answer }, timeoutMs);
      if (result.status === 'timeout') return unscored(`the pattern took longer than ${timeoutMs} ms`);
      if (result.status === 'invalid') return unscored(`the pattern cannot be used: ${result.reason}`);
      return result.matches ? scored(1, 'matches the pattern') : scored(0, 'does not match the pattern');
    }),
  };
}

function checkPattern(pattern: string, flags: string): void {
  const problem = problemOfPattern(pattern, flags);
  if (problem === undefined) return;
  throw new ApoError('plugin-invalid', `pattern of grader "regex" is wrong: ${problem}`, {
    hint: 'correct "pattern" or "flags"; backslashes need single quotes in YAML',
  });
}

function problemOfPattern(pattern: string, flags: string): string | undefined {
  try {
    new RegExp(pattern, flags);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
