import { z } from 'zod';
import { type Prompt, SYSTEM } from '../core/prompt.ts';
import { rewardOf, scoreOf } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import { type Demonstration, withDemonstrations } from './demos/render.ts';
import { isBetter } from './demos/verify.ts';
import type { EndReason, Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { createFinal, finalTasks } from './shared/final.ts';
import { addStart, submitPrompt } from './shared/proposal.ts';
import { isQuotable } from './shared/quotable.ts';
import { clamp } from './shared/rounds.ts';
import { pairedDifferences } from './shared/scores.ts';
import { firstTrials } from './shared/trials.ts';

/**
 * Few-shot demonstrations: BootstrapFewShotWithRandomSearch of DSPy (Khattab et al., arXiv 2310.03714), with its defaults
 * for sizes. The start is run on a part of the training tasks; tasks that it did well become demonstrations with its own
 * answers, others with their expected answers. Random sets are then tried like any other statement: paired with the best
 * so far, block by block, on training tasks that are never demonstrations. No critic and no editor is asked.
 *
 * Demonstrations quote training tasks word for word: do not use it where those may not be shown to users. Tasks that speak
 * to a model are never shown (see {@link isQuotable}). Validation
 * tasks are only used at the end, for the winner and the start: that score is unbiased.
 */
export const options = z.strictObject({
  /** Demonstrations from the agent's own good answers. Default 4. */
  bootstrapped: z.int().nonnegative().default(4),
  /** Demonstrations in all, filled up with expected answers. Default 16. */
  labelled: z.int().nonnegative().default(16),
  /** Reward from which an answer is good enough to be shown. Default 1. */
  threshold: z.number().gt(0).lte(1).default(1),
  /** Sets that are tried. Default 16. */
  candidates: z.int().positive().default(16),
  /** Characters of one demonstration; longer ones are not used. Default 2000. */
  maxCharacters: z.int().positive().default(2000),
});

type DemosOptions = z.output<typeof options>;

/** Share of the training tasks that may become demonstrations; the others compare. */
const POOL_SHARE = 0.5;
/** Share of the rollouts for finding demonstrations. */
const BOOTSTRAP_SHARE = 0.2;

export default function createDemos(settings: DemosOptions): Optimizer {
  return {
    name: 'demos',
    defaultIterations: settings.candidates,
    forecast({ train, val, iterations, maxRollouts }) {
      const compared = finalTasks(val, maxRollouts);
      const rest = maxRollouts - 2 * compared;
      const { bootstrap, verification } = sizes(train, rest, iterations);
      const sets = Math.min(iterations, Math.ceil(rest / Math.max(1, verification)));
      const rollouts = 2 * compared + bootstrap + verification * (1 + sets);
      return {
        rollouts: Math.min(maxRollouts, rollouts),
        critiques: 0,
        edits: 0,
        note: `about ${sets} sets of demonstrations, each compared on at most ${verification} tasks`,
      };
    },
    quotesTasks: true,
    run: (context) => search(settings, context),
  };
}

function sizes(train: number, rollouts: number, candidates: number) {
  const pool = Math.max(1, Math.floor(train * POOL_SHARE));
  const rest = Math.max(1, train - pool);
  return {
    pool,
    bootstrap: clamp(Math.floor(rollouts * BOOTSTRAP_SHARE), 1, pool),
    verification: clamp(Math.floor((rollouts * (1 - BOOTSTRAP_SHARE)) / (candidates + 1)), Math.min(16, rest), rest),
  };
}

async function search(settings: DemosOptions, context: OptimizerContext): Promise<Outcome> {
  const { start, train } = context;
  await addStart(context);
  const final = await createFinal(context);
  const size = sizes(train.length, final.spendable(), context.iterations);
  // A task that can become a demonstration would be known by heart in a comparison.
  const shuffled = context.random('tasks').shuffle(train);
  const pool = shuffled.slice(0, size.pool).filter(isQuotable);
  const trials = firstTrials(shuffled.slice(size.pool).slice(0, size.verification));
  if (final.spendable() < size.bootstrap + trials.length || trials.length === 0) return final.finish(start, 'budget');
  const demonstrations = await bootstrap(settings, context, pool, size.bootstrap);
  if (demonstrations.good.length + demonstrations.labelled.length === 0) return final.finish(start, 'stalled');

  let best = start;
  let score = scoreOf(await context.evaluate(start, trials, { iteration: 0, split: 'train', label: 'the start' }));
  const tried = new Set<string>([start.id]);
  let reason: EndReason = 'iterations';
  for (let iteration = 1; iteration <= context.iterations; iteration++) {
    if (final.spendable() < trials.length) {
      reason = 'budget';
      break;
    }
    const previous = best;
    const chosen = drawSet(settings, context, demonstrations, iteration);
    const prompt = withDemonstrations(start, componentOf(start), chosen);
    const isNew = !tried.has(prompt.id);
    tried.add(prompt.id);
    const candidate = isNew
      ? await submitPrompt(context, {
          prompt,
          parents: [start],
          iteration,
          operator: 'demos',
          critique: null,
          evidence: chosen.flatMap(({ rolloutId }) => rolloutId ?? []),
        })
      : undefined;
    if (candidate !== undefined) {
      const purpose = { iteration, split: 'train', label: `set ${iteration}` } as const;
      const rivals = best;
      const run = async (prompt: Prompt, count: number) => context.evaluate(prompt, trials.slice(0, count), purpose);
      const wins = await isBetter(trials.length, async (count) =>
        pairedDifferences(await run(rivals, count), await run(candidate, count)),
      );
      if (wins) {
        best = candidate;
        score = scoreOf(await run(candidate, trials.length));
      }
    }
    final.keep(best);
    context.report({ iteration, previous, best, score: Math.max(0, score), critique: '' });
  }
  return final.finish(best, reason);
}

function componentOf(prompt: Prompt): string {
  const names = Object.keys(prompt.components);
  return names.includes(SYSTEM) ? SYSTEM : (names[0] ?? SYSTEM);
}

type Found = { readonly good: readonly Demonstration[]; readonly labelled: readonly Demonstration[] };

async function bootstrap(
  { threshold, maxCharacters }: DemosOptions,
  context: OptimizerContext,
  pool: readonly Task[],
  count: number,
): Promise<Found> {
  const purpose = { iteration: 0, split: 'train', label: 'finding demonstrations' } as const;
  const rollouts = await context.evaluate(context.start, firstTrials(pool.slice(0, count)), purpose);
  const fits = ({ input, answer }: Demonstration): boolean =>
    answer !== '' && input.length + answer.length <= maxCharacters;
  const good = rollouts.flatMap((scored, index): Demonstration[] => {
    const task = pool[index];
    if (task === undefined || (rewardOf(scored) ?? 0) < threshold) return [];
    return [{ taskId: task.id, input: task.input, answer: scored.rollout.answer, rolloutId: scored.rollout.id }];
  });
  const known = new Set(good.map(({ taskId }) => taskId));
  const labelled = pool.flatMap(({ id, input, expected }): Demonstration[] =>
    expected === null || known.has(id) ? [] : [{ taskId: id, input, answer: expected }],
  );
  return { good: good.filter(fits), labelled: labelled.filter(fits) };
}

/** The first set is as large as allowed, the others of random size, as in the source. */
function drawSet(
  { bootstrapped, labelled }: DemosOptions,
  context: OptimizerContext,
  found: Found,
  iteration: number,
): readonly Demonstration[] {
  const random = context.random('set', iteration);
  const good = random.shuffle(found.good);
  const most = Math.min(bootstrapped, good.length);
  const chosen = good.slice(0, iteration === 1 ? most : Math.min(most, 1 + random.integer(Math.max(1, most))));
  const room = Math.max(0, Math.max(bootstrapped, labelled) - chosen.length);
  const more = iteration === 1 ? room : random.integer(room + 1);
  return [...chosen, ...random.shuffle(found.labelled).slice(0, Math.min(more, labelled))];
}
