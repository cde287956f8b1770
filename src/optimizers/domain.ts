import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { createPrompt, domainComponent, type Prompt, SYSTEM } from '../core/prompt.ts';
import type { Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { contextOfPart, FINAL_SHARE, finishOnVal, shareOf } from './shared/part.ts';

export const options = z.strictObject({
  /** The optimizer that trains the general prompt and each category's. */
  of: z.looseObject({ use: z.string() }),
  /** Share of the rollouts for the general prompt. */
  generalShare: z.number().gt(0).lt(1).default(0.4),
  /** Categories with fewer training tasks keep the general prompt. */
  minTasks: z.int().positive().default(8),
});

type Options = z.output<typeof options>;

/**
 * Domain-specific prompts in one run: a general prompt on all tasks, then for each category one that starts from it. A
 * category's prompt is the component `system@<category>`; where its optimizer found nothing better, the general one stays.
 */
export default async function createDomain(given: Options, { load }: PluginContext): Promise<Optimizer> {
  const inner = await load<Optimizer>(given.of);
  return {
    name: `domain ${inner.name}`,
    quotesTasks: inner.quotesTasks === true,
    defaultIterations: inner.defaultIterations,
    forecast: (size) => inner.forecast(size),
    run: (context) => train(inner, given, context),
  };
}

async function train(
  inner: Optimizer,
  { generalShare, minTasks }: Options,
  context: OptimizerContext,
): Promise<Outcome> {
  const categories = [...new Set(context.train.flatMap(({ category }) => category ?? []))]
    .sort()
    .map((category) => ({
      category,
      train: context.train.filter((task) => task.category === category),
      val: context.val.filter((task) => task.category === category),
    }))
    .filter(({ train: tasks, val }) => tasks.length >= minTasks && val.length > 0);
  const shared = shareOf(context, (1 - FINAL_SHARE) * generalShare);
  const each = shareOf(context, ((1 - FINAL_SHARE) * (1 - generalShare)) / Math.max(1, categories.length));
  const { start, train: tasks, val } = context;
  const general = contextOfPart(context, {
    name: 'general',
    start,
    train: tasks,
    val,
    ...shared,
    outer: (prompt) => prompt,
  });
  let current = (await inner.run(general)).best;
  for (const { category, ...own } of categories) {
    const before = current;
    const outer = (prompt: Prompt): Prompt =>
      createPrompt({ ...before.components, [domainComponent(category)]: prompt.components[SYSTEM] ?? '' });
    const from = createPrompt(before.components[SYSTEM] ?? '');
    const { best } = await inner.run(contextOfPart(context, { name: category, start: from, ...own, ...each, outer }));
    if (best.id !== from.id) current = outer(best);
  }
  return finishOnVal(context, current);
}
