import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { createPrompt, domainComponent, type Prompt, SYSTEM } from '../core/prompt.ts';
import type { Task } from '../core/task.ts';
import type { Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { contextOfPart, FINAL_SHARE, finishOnVal, shareOf, tasksOfPart, withNote } from './shared/part.ts';

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
    forecast(size) {
      const count = categoriesOf(size.tasks, given.minTasks).length;
      const parts =
        count === 0
          ? `no category has ${given.minTasks} training tasks or more: one prompt for all`
          : `a general prompt and one for each of ${count} categories`;
      return withNote(inner.forecast(size), parts);
    },
    run: (context) => train(inner, given, context),
  };
}

async function train(
  inner: Optimizer,
  { generalShare, minTasks }: Options,
  context: OptimizerContext,
): Promise<Outcome> {
  const categories = categoriesOf(context.train, minTasks);
  if (categories.length === 0) return inner.run(context);
  const shared = shareOf(context, (1 - FINAL_SHARE) * generalShare);
  const each = shareOf(context, ((1 - FINAL_SHARE) * (1 - generalShare)) / categories.length);
  const { start } = context;
  const general = contextOfPart(context, {
    name: 'general',
    start,
    from: start,
    ...tasksOfPart(context, context.train, 'general'),
    ...shared,
    outer: (prompt) => prompt,
  });
  let current = (await inner.run(general)).best;
  for (const { category, tasks } of categories) {
    const before = current;
    const outer = (prompt: Prompt): Prompt =>
      createPrompt({ ...before.components, [domainComponent(category)]: prompt.components[SYSTEM] ?? '' });
    const from = createPrompt(before.components[SYSTEM] ?? '');
    const part = {
      name: category,
      start: from,
      from: before,
      ...tasksOfPart(context, tasks, category),
      ...each,
      outer,
    };
    const { best } = await inner.run(contextOfPart(context, part));
    if (best.id !== from.id) current = outer(best);
    context.keep({ best: start, contender: current, baseline: [], final: [] });
  }
  return finishOnVal(context, current);
}

/** Categories with enough tasks for a prompt of their own. */
function categoriesOf(tasks: readonly Task[], minTasks: number) {
  return [...new Set(tasks.flatMap(({ category }) => category ?? []))]
    .sort()
    .map((category) => ({ category, tasks: tasks.filter((task) => task.category === category) }))
    .filter(({ tasks: own }) => own.length >= minTasks);
}
