import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { createPrompt, domainComponent, type Prompt, SYSTEM } from '../core/prompt.ts';
import { type ScoredRollout, scoreOf } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import type { Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { contextOfPart, createShares, FINAL_SHARE, finishOnVal, tasksOfPart, withNote } from './shared/part.ts';

export const options = z.strictObject({
  /** The optimizer that trains the general prompt and each category's. */
  of: z.looseObject({ use: z.string() }),
  /** Share of the rollouts for the general prompt. Default 0.4. */
  generalShare: z.number().gt(0).lt(1).default(0.4),
  /** Categories with fewer training tasks keep the general prompt. Default 8. */
  minTasks: z.int().positive().default(8),
  /** Where the rollouts give each category fewer than this, only those with the most to gain are trained. */
  minRollouts: z.int().positive().default(40),
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
      const forCategories = size.maxRollouts * (1 - FINAL_SHARE) * (1 - given.generalShare);
      const parts =
        count === 0
          ? `no category has ${given.minTasks} training tasks or more: one prompt for all`
          : `a general prompt and one for ${describeCount(payable(given, forCategories), count)} categories`;
      return withNote(inner.forecast(size), parts);
    },
    run: (context) => train(inner, given, context),
  };
}

async function train(inner: Optimizer, given: Options, context: OptimizerContext): Promise<Outcome> {
  const categories = categoriesOf(context.train, given.minTasks);
  if (categories.length === 0) return inner.run(context);
  const shares = createShares(context, inner);
  const { start } = context;
  const general = contextOfPart(context, {
    name: 'general',
    start,
    from: start,
    ...tasksOfPart(context, context.train, 'general'),
    ...shares.next(given.generalShare),
    outer: (prompt) => prompt,
  });
  const seen: ScoredRollout[] = [];
  const evaluate: OptimizerContext['evaluate'] = async (...asked) => {
    const scored = await general.evaluate(...asked);
    seen.push(...scored);
    return scored;
  };
  let current = (await inner.run({ ...general, evaluate })).best;
  const ofGeneral = seen.filter(({ rollout }) => rollout.promptId === current.id);
  const chosen = mostToGain(categories, ofGeneral).slice(0, payable(given, shares.left()));
  for (const [index, { category, tasks }] of chosen.entries()) {
    const before = current;
    const outer = (prompt: Prompt): Prompt =>
      createPrompt({ ...before.components, [domainComponent(category)]: prompt.components[SYSTEM] ?? '' });
    const from = createPrompt(before.components[SYSTEM] ?? '');
    const part = {
      name: category,
      start: from,
      from: before,
      ...tasksOfPart(context, tasks, category),
      ...shares.next(1 / (chosen.length - index)),
      outer,
    };
    const { best } = await inner.run(contextOfPart(context, part));
    if (best.id !== from.id) current = outer(best);
    context.keep({ best: start, contender: current, baseline: [], final: [] });
  }
  return finishOnVal(context, current);
}

/** How many categories so many rollouts pay for: one at least. */
function payable({ minRollouts }: Options, rollouts: number): number {
  return Math.max(1, Math.floor(rollouts / minRollouts));
}

function describeCount(paid: number, count: number): string {
  return paid < count ? `the ${paid} that gain most by it of ${count}` : `each of ${count}`;
}

type Category = { readonly category: string; readonly tasks: readonly Task[] };

/** Those first in which the general prompt loses most: their tasks by what it misses on each, shrunk to its mean. */
function mostToGain(categories: readonly Category[], ofGeneral: readonly ScoredRollout[]): readonly Category[] {
  const overall = scoreOf(ofGeneral);
  const lossOf = ({ tasks }: Category): number => {
    const ids = new Set(tasks.map(({ id }) => id));
    const own = ofGeneral.filter(({ rollout }) => ids.has(rollout.taskId));
    const score = own.length === 0 ? overall : (scoreOf(own) * own.length + overall) / (own.length + 1);
    return tasks.length * (1 - score);
  };
  return categories
    .map((one) => ({ one, loss: lossOf(one) }))
    .sort((a, b) => b.loss - a.loss)
    .map(({ one }) => one);
}

/** Categories with enough tasks for a prompt of their own. */
function categoriesOf(tasks: readonly Task[], minTasks: number): readonly Category[] {
  return [...new Set(tasks.flatMap(({ category }) => category ?? []))]
    .sort()
    .map((category) => ({ category, tasks: tasks.filter((task) => task.category === category) }))
    .filter(({ tasks: own }) => own.length >= minTasks);
}
