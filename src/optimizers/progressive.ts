import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { DIFFICULTIES, type Task } from '../core/task.ts';
import type { Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { contextOfPart, createShares, finishOnVal, tasksOfPart, withNote } from './shared/part.ts';

export const options = z.strictObject({
  /** The optimizer that trains each level. */
  of: z.looseObject({ use: z.string() }),
});

/**
 * Progressive training: first on easy tasks, then on medium, then on hard ones; each level starts from the prompt of the
 * level before. Tasks without a difficulty count as medium. With fewer than two levels it is the inner optimizer alone.
 */
export default async function createProgressive(
  { of }: z.infer<typeof options>,
  { load }: PluginContext,
): Promise<Optimizer> {
  const inner = await load<Optimizer>(of);
  return {
    name: `progressive ${inner.name}`,
    quotesTasks: inner.quotesTasks === true,
    defaultIterations: inner.defaultIterations,
    forecast(size) {
      const levels = levelsOf(size.tasks);
      const parts = levels.length < 2 ? 'all tasks are of one difficulty: no levels' : levels.join(', then ');
      return withNote(inner.forecast(size), parts);
    },
    run: (context) => train(inner, context),
  };
}

async function train(inner: Optimizer, context: OptimizerContext): Promise<Outcome> {
  const levels = levelsOf(context.train);
  if (levels.length < 2) return inner.run(context);
  const shares = createShares(context, inner);
  let current = context.start;
  let left = context.train.length;
  for (const level of levels) {
    const tasks = ofLevel(context.train, level);
    const share = shares.next(tasks.length / left);
    left -= tasks.length;
    const part = { name: level, start: current, from: current, ...tasksOfPart(context, tasks, level), ...share };
    current = (await inner.run(contextOfPart(context, { ...part, outer: (prompt) => prompt }))).best;
    context.keep({ best: context.start, contender: current, baseline: [], final: [] });
  }
  return finishOnVal(context, current);
}

function levelsOf(tasks: readonly Task[]): readonly string[] {
  return DIFFICULTIES.filter((level) => ofLevel(tasks, level).length > 0);
}

function ofLevel(tasks: readonly Task[], level: string): readonly Task[] {
  return tasks.filter(({ difficulty }) => (difficulty ?? 'medium') === level);
}
