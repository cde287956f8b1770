import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { ApoError } from '../core/errors.ts';
import { createPrompt, type Prompt, SYSTEM } from '../core/prompt.ts';
import type { Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { contextOfPart, createShares, finishOnVal, tasksOfPart } from './shared/part.ts';

export const options = z.strictObject({
  /** The optimizer that trains each component. */
  of: z.looseObject({ use: z.string() }),
  /** Which components, in this order. Default: all of the prompt. */
  only: z.array(z.string()).min(1).optional(),
});

/**
 * Several named components, one after the other, while the others stay as they are (block-coordinate, as in Maestro,
 * arXiv 2509.04642). Tool descriptions are the components `tool:<name>`.
 */
export default async function createComponents(
  { of, only }: z.infer<typeof options>,
  { load }: PluginContext,
): Promise<Optimizer> {
  const inner = await load<Optimizer>(of);
  return {
    name: `components ${inner.name}`,
    quotesTasks: inner.quotesTasks === true,
    defaultIterations: inner.defaultIterations,
    forecast: (size) => inner.forecast(size),
    run: (context) => train(inner, only ?? Object.keys(context.start.components), context),
  };
}

async function train(inner: Optimizer, names: readonly string[], context: OptimizerContext): Promise<Outcome> {
  const all = Object.keys(context.start.components);
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new ApoError('config-invalid', `there is no component "${unknown}" to train`, {
      hint: `the prompt has ${all.join(', ')}`,
    });
  }
  const shares = createShares(context, inner);
  let current = context.start;
  for (const [index, name] of names.entries()) {
    const others = current.components;
    const outer = (prompt: Prompt): Prompt => createPrompt({ ...others, [name]: prompt.components[SYSTEM] ?? '' });
    const start = createPrompt(others[name] ?? '');
    const tasks = tasksOfPart(context, context.train, name);
    const part = contextOfPart(context, {
      name,
      start,
      from: current,
      ...tasks,
      ...shares.next(1 / (names.length - index)),
      outer,
    });
    current = outer((await inner.run(part)).best);
    context.keep({ best: context.start, contender: current, baseline: [], final: [] });
  }
  return finishOnVal(context, current);
}
