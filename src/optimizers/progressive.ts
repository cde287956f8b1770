import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { DIFFICULTIES, type Task } from '../core/task.ts';
import type { Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { contextOfPart, FINAL_SHARE, finishOnVal, shareOf } from './shared/part.ts';

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
    forecast: (size) => inner.forecast(size),
    run: (context) => train(inner, context),
  };
}

async function train(inner: Optimizer, context: OptimizerContext): Promise<Outcome> {
  const levels = DIFFICULTIES.filter((level) => ofLevel(context.train, level).length > 0);
  if (levels.length < 2) return inner.run(context);
  const plan = levels.map((level) => {
    const tasks = ofLevel(context.train, level);
    const val = ofLevel(context.val, level);
    const share = shareOf(context, (1 - FINAL_SHARE) * (tasks.length / context.train.length));
    return { name: level, train: tasks, val: val.length > 0 ? val : context.val, ...share };
  });
  let current = context.start;
  for (const level of plan) {
    const part = contextOfPart(context, { ...level, start: current, outer: (prompt) => prompt });
    current = (await inner.run(part)).best;
  }
  return finishOnVal(context, current);
}

function ofLevel(tasks: readonly Task[], level: string): readonly Task[] {
  return tasks.filter(({ difficulty }) => (difficulty ?? 'medium') === level);
}
