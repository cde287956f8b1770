import { z } from 'zod';
import { allInOrder } from '../core/async.ts';
import { cutMiddle } from '../core/cut.ts';
import { type Prompt, placeholdersOf } from '../core/prompt.ts';
import { scoreOf } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import type { AskRequest, EndReason, Optimizer, OptimizerContext, Outcome } from './optimizer.ts';
import { createFence } from './shared/fence.ts';
import { createFinal, finalTasks } from './shared/final.ts';
import { addStart, componentAt, submit } from './shared/proposal.ts';
import { isQuotable } from './shared/quotable.ts';
import { clamp, iterationLimit } from './shared/rounds.ts';
import { editorMessages, keepPlaceholders } from './shared/templates.ts';
import { firstTrials } from './shared/trials.ts';

/**
 * OPRO, optimization by prompting (Yang et al., arXiv 2309.03409), with the defaults of its code: the editor sees the 20
 * best prompts with their scores, the best last, and a few tasks with their answers, and writes 8 new prompts a step, at
 * temperature 1. It never sees what went wrong. Every prompt is scored on the same training tasks. The source makes 200
 * steps; here a rollout budget ends the run, and without one 10 steps do.
 *
 * That the editor sees tasks as they were written is part of the method; it is the one way in which somebody's text reaches
 * an editor here. So they stand in fences with the rule after them, tasks that speak to a model are left out (see
 * {@link isQuotable}), and the gate judges what comes of it.
 *
 * The winner is chosen on training tasks; validation tasks are only used at the end, for the winner and the start: that
 * score is unbiased.
 */
export const options = z.strictObject({
  /** New prompts in a step. Default 8. */
  candidates: z.int().positive().default(8),
  /** Prompts that the editor sees with their scores. Default 20. */
  trajectory: z.int().positive().default(20),
  /** Tasks that the editor sees with their answers. Default 3. */
  exemplars: z.int().nonnegative().default(3),
  /** Share of the training tasks that every prompt is scored on (the source: .2 for BBH, .035 for GSM8K). Default 0.2. */
  trainShare: z.number().gt(0).lte(1).default(0.2),
  /** Of the editor. Default 1. */
  temperature: z.number().nonnegative().default(1),
});

type OproOptions = z.output<typeof options>;
type Scored = { readonly prompt: Prompt; readonly score: number };

const DEFAULT_STEPS = 10;
/** With a small budget the tasks are fewer, rather than the steps fewer than this. */
const WANTED_STEPS = 4;
const LEAST_TASKS = 8;
/** Steps in a row without a prompt that is new and allowed. */
const MAX_IDLE_STEPS = 3;
/** Characters of one task or answer that the editor sees. */
const MAX_CHARACTERS = 1000;

export default function createOpro(settings: OproOptions): Optimizer {
  return {
    name: 'opro',
    defaultIterations: DEFAULT_STEPS,
    forecast({ train, val, iterations, maxRollouts }) {
      const compared = finalTasks(val, maxRollouts);
      const rest = maxRollouts - 2 * compared;
      const tasks = tasksToScore(settings, train, rest);
      const affordable = Math.ceil((rest - tasks) / (tasks * settings.candidates));
      const steps = Math.max(0, Math.min(iterationLimit(iterations, DEFAULT_STEPS, maxRollouts), affordable));
      const rollouts = Math.min(maxRollouts, 2 * compared + tasks * (1 + steps * settings.candidates));
      return {
        rollouts,
        critiques: 0,
        edits: steps * settings.candidates,
        note: `about ${steps} steps of ${settings.candidates} prompts, each scored on ${tasks} tasks`,
      };
    },
    run: (context) => search(settings, context),
  };
}

function tasksToScore({ trainShare, candidates }: OproOptions, train: number, rollouts: number): number {
  const wanted = Math.max(1, Math.ceil(train * trainShare));
  const affordable = Math.floor(rollouts / (candidates * WANTED_STEPS + 1));
  return clamp(Math.max(affordable, LEAST_TASKS), 1, Math.min(wanted, Math.max(1, rollouts), train));
}

async function search(settings: OproOptions, context: OptimizerContext): Promise<Outcome> {
  const { start, train } = context;
  await addStart(context);
  const limit = iterationLimit(context.iterations, DEFAULT_STEPS, context.remainingRollouts());
  const final = await createFinal(context);
  const count = tasksToScore(settings, train.length, final.spendable());
  const trials = firstTrials(context.random('tasks').shuffle(train).slice(0, count));
  if (final.spendable() < count) return final.finish(start, 'budget');
  const score = async (prompt: Prompt, iteration: number): Promise<Scored> => {
    const purpose = { iteration, split: 'train', label: `step ${iteration}` } as const;
    return { prompt, score: scoreOf(await context.evaluate(prompt, trials, purpose)) };
  };

  const known = new Map<string, Scored>([[start.id, await score(start, 0)]]);
  // Ties favour what was there before.
  const best = (): Scored => [...known.values()].reduce((a, b) => (b.score > a.score ? b : a));
  let reason: EndReason = 'iterations';
  let idleSteps = 0;

  for (let step = 1; step <= limit; step++) {
    const affordable = Math.min(settings.candidates, Math.floor(final.spendable() / count));
    if (affordable < 1) {
      reason = 'budget';
      break;
    }
    const previous = best().prompt;
    const component = componentAt(start, step - 1).name;
    const exemplars = context.random('exemplars', step).shuffle(train).filter(isQuotable).slice(0, settings.exemplars);
    const request = trajectoryRequest(
      settings,
      component,
      trajectoryOf([...known.values()], settings.trajectory),
      exemplars,
    );
    const proposals = await allInOrder(
      Array.from({ length: affordable }, async (_, index) =>
        submit(context, {
          reply: await context.ask('editor', request, step * 1000 + index),
          parents: [previous],
          component,
          iteration: step,
          ordinal: index,
          operator: 'trajectory',
          critique: null,
          evidence: [],
        }),
      ),
    );
    const fresh = new Map(proposals.flatMap((prompt) => (prompt === undefined ? [] : [[prompt.id, prompt]])));
    const scored = await allInOrder(
      [...fresh.values()].filter(({ id }) => !known.has(id)).map((prompt) => score(prompt, step)),
    );
    for (const result of scored) known.set(result.prompt.id, result);
    idleSteps = scored.length === 0 ? idleSteps + 1 : 0;
    final.keep(best().prompt);
    context.report({ iteration: step, previous, best: best().prompt, score: Math.max(0, best().score), critique: '' });
    if (idleSteps === MAX_IDLE_STEPS) {
      reason = 'stalled';
      break;
    }
  }
  return final.finish(best().prompt, reason);
}

/** The best, in ascending order: what stands last weighs most with a language model. */
export function trajectoryOf(known: readonly Scored[], size: number): readonly Scored[] {
  return [...known]
    .sort((a, b) => b.score - a.score)
    .slice(0, size)
    .reverse();
}

function trajectoryRequest(
  { temperature }: OproOptions,
  component: string,
  trajectory: readonly Scored[],
  exemplars: readonly Task[],
): AskRequest {
  const texts = trajectory.map(({ prompt }) => prompt.components[component] ?? '');
  const shown = exemplars.flatMap(({ input, expected }) => [input, expected ?? '']);
  const fence = createFence([...texts, ...shown]);
  const shownScore = (score: number): string => `score ${Math.round(Math.max(0, score) * 100)} of 100`;
  const earlier = trajectory
    .slice(0, -1)
    .map(({ score }, index) => `### Attempt ${index + 1}, ${shownScore(score)}\n${fence(texts[index] ?? '')}`);
  const tasks = exemplars.map(({ input, expected }, index) => {
    const answer = expected === null ? '' : `\nExpected answer:\n${fence(cutMiddle(expected, MAX_CHARACTERS))}`;
    return `### Task ${index + 1}\n${fence(cutMiddle(input, MAX_CHARACTERS))}${answer}`;
  });
  const names = [...new Set(texts.flatMap(placeholdersOf))];
  return {
    messages: editorMessages(
      (earlier.length === 0 ? '' : `## Earlier attempts, the better the later\n${earlier.join('\n\n')}\n\n`) +
        `## Current prompt, the best so far, ${shownScore(trajectory.at(-1)?.score ?? 0)}\n${fence(texts.at(-1) ?? '')}\n\n` +
        (tasks.length === 0 ? '' : `## What the prompt is for\n${tasks.join('\n\n')}\n\n`) +
        `## Your job\nWrite a new prompt that is different from all of these and scores higher than the best.${keepPlaceholders(names)}\n`,
    ),
    temperature,
  };
}
