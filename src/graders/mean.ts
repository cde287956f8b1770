import { z } from 'zod';
import type { PluginContext, PluginSpec } from '../config/plugin.ts';
import type { Grade } from '../core/rollout.ts';
import type { Grader } from './grader.ts';
import { unscored } from './shared/grade.ts';

export const options = z.strictObject({
  /** The graders, each with its own options beside `use` and a `weight` (default 1; only the ratio counts). */
  of: z
    .array(
      z.union([
        z.string().transform((use) => ({ use, weight: 1 })),
        z.looseObject({ use: z.string(), weight: z.number().min(0).default(1) }),
      ]),
    )
    .min(1)
    .refine((parts) => parts.some(({ weight }) => weight > 0), 'needs a weight above 0'),
});

type Part = { readonly key: string; readonly weight: number; readonly grader: Grader };

/**
 * Weighted mean of several graders. One unscored part leaves the whole unscored: a mean over the rest would compare
 * answers by different measures. Graders that ask no model run first, so that no call is paid for a lost mean.
 */
export default async function createMeanGrader(
  given: z.infer<typeof options>,
  { load }: PluginContext,
): Promise<Grader> {
  const parts: Part[] = [];
  for (const { weight, ...spec } of given.of) {
    const grader = await load<Grader>(spec as PluginSpec);
    const same = parts.filter((part) => part.grader.name === grader.name).length;
    parts.push({ key: same === 0 ? grader.name : `${grader.name}#${same + 1}`, weight, grader });
  }
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const order = [...parts].sort((a, b) => Number(a.grader.usesModel) - Number(b.grader.usesModel));

  return {
    name: 'mean',
    identity: { grader: 'mean', of: parts.map(({ weight, grader }) => ({ weight, grader: grader.identity })) },
    needsExpected: parts.some(({ grader }) => grader.needsExpected),
    usesModel: parts.some(({ grader }) => grader.usesModel),
    skipsGold: parts.some(({ grader }) => grader.skipsGold === true),
    problemOf(task) {
      for (const { grader } of parts) {
        const problem = grader.problemOf?.(task);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
    async grade(rollout, task, context): Promise<Grade> {
      const grades = new Map<Part, Grade & { readonly status: 'scored' }>();
      for (const part of order) {
        const grade = await part.grader.grade(rollout, task, context);
        if (grade.status === 'unscored') return unscored(`${part.key}: ${grade.reason}`);
        grades.set(part, grade);
      }
      const scores: { [grader: string]: number } = {};
      const reasons: string[] = [];
      let sum = 0;
      for (const part of parts) {
        const grade = grades.get(part);
        if (grade === undefined) continue;
        sum += part.weight * grade.score;
        scores[part.key] = grade.score;
        reasons.push(`${part.key} ${grade.score.toFixed(2)}: ${grade.reason}`);
      }
      const score = Math.min(1, sum / total);
      return { status: 'scored', score, reason: reasons.join('; '), parts: scores };
    },
  };
}
