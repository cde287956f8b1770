import { z } from 'zod';
import type { Prompt } from '../../core/prompt.ts';
import { rewardOf, type ScoredRollout, scoreOf } from '../../core/rollout.ts';
import type { Task } from '../../core/task.ts';
import type { EndReason, OptimizerContext, Outcome } from '../optimizer.ts';
import { createBatches } from '../shared/batches.ts';
import { addStart, componentAt, submit } from '../shared/proposal.ts';
import { reflectionRequest } from '../shared/reflect.ts';
import { headline } from '../shared/reply.ts';
import { clamp } from '../shared/rounds.ts';
import { createFreshTrials, firstTrials } from '../shared/trials.ts';
import { crossoverRequest } from './crossover.ts';
import { drawPair, type Scores, ticketsOf } from './pareto.ts';

export const options = z.strictObject({
  /** Training tasks that a reflection reads and that decide whether a child is tried further. Default 3. */
  minibatch: z.int().positive().default(3),
  /** At most this many validation tasks form the front. Default: all. */
  validationTasks: z.int().positive().optional(),
  /** Parents that did all tasks of a minibatch are not reflected on. Default true. */
  skipPerfect: z.boolean().default(true),
  /** Crossover after each accepted child. Default false. */
  merge: z.boolean().default(false),
  /** Accepted crossovers of a run. Default 5. */
  maxMerges: z.int().positive().default(5),
  /** Of the reflection model. Default 1. */
  temperature: z.number().nonnegative().default(1),
});

export type GepaOptions = z.output<typeof options>;

/** Share of a rollout budget that one pass over the validation tasks may cost. */
const PASS_SHARE = 0.2;
/** Validation tasks on which a crossover has to hold its own before it is run on all. */
const MERGE_TASKS = 5;

type Member = {
  readonly prompt: Prompt;
  readonly rollouts: readonly ScoredRollout[];
  readonly scores: Scores;
  readonly mean: number;
};

export async function search(settings: GepaOptions, context: OptimizerContext, limit: number): Promise<Outcome> {
  const { start } = context;
  const val = validationTasks(settings, context);
  const batchSize = Math.min(settings.minibatch, context.train.length);
  const nextBatch = createBatches(context.train, 'minibatch', context);
  const fresh = createFreshTrials();
  const scoreAll = async (prompt: Prompt, iteration: number): Promise<Member> => {
    const purpose = { iteration, split: 'val', label: `iteration ${iteration}, validation` } as const;
    const rollouts = await context.evaluate(prompt, firstTrials(val), purpose);
    return { prompt, rollouts, scores: rollouts.map(rewardOf), mean: scoreOf(rollouts) };
  };

  await addStart(context);
  const seed = await scoreAll(start, 0);
  const pool: Member[] = [seed];
  // The first of equals, as in the source.
  const best = (): Member => pool.reduce((a, b) => (b.mean > a.mean ? b : a));
  const keep = (): void => context.keep({ best: best().prompt, baseline: seed.rollouts, final: best().rollouts });
  const tickets = (): readonly number[] =>
    ticketsOf(
      pool.map(({ scores }) => scores),
      pool.map(({ mean }) => mean),
    );
  const affords = (rollouts: number): boolean => context.remainingRollouts() >= rollouts;
  keep();

  async function mutate(iteration: number): Promise<{ readonly isAccepted: boolean; readonly note: string }> {
    const parent = (pool[context.random('parent', iteration).pick(tickets())] as Member).prompt;
    const batch = nextBatch(batchSize);
    const purpose = { iteration, split: 'train', label: `iteration ${iteration}, minibatch` } as const;
    const before = await context.evaluate(parent, fresh(parent, batch), purpose);
    if (settings.skipPerfect && before.every((rollout) => rewardOf(rollout) === 1)) {
      perfectTasks += batch.length;
      return { isAccepted: false, note: '' };
    }
    perfectTasks = 0;
    const component = componentAt(parent, iteration - 1);
    const evidence = batch.map((task, index) => ({ task, scored: before[index] as ScoredRollout }));
    const request = reflectionRequest(component.text, evidence, settings.temperature);
    const child = await submit(context, {
      reply: await context.ask('editor', request, iteration),
      parents: [parent],
      component: component.name,
      iteration,
      operator: 'reflection',
      critique: null,
      evidence: before.map(({ rollout }) => rollout.id),
    });
    const note = headline(worstReason(before));
    if (child === undefined) return { isAccepted: false, note };
    const after = await context.evaluate(child, fresh(child, batch), purpose);
    if (sum(after) <= sum(before)) return { isAccepted: false, note };
    pool.push(await scoreAll(child, iteration));
    return { isAccepted: true, note };
  }

  async function merge(iteration: number): Promise<boolean> {
    const random = context.random('merge', iteration);
    const pair = drawPair(tickets(), random);
    if (pair === undefined) return false;
    const [first, second] = pair.map((index) => pool[index] as Member) as [Member, Member];
    const component = componentAt(first.prompt, iteration - 1);
    const request = crossoverRequest(
      component.text,
      second.prompt.components[component.name] ?? '',
      settings.temperature,
    );
    const child = await submit(context, {
      reply: await context.ask('editor', request, iteration),
      parents: [first.prompt, second.prompt],
      component: component.name,
      iteration,
      operator: 'crossover',
      critique: null,
      evidence: [],
    });
    if (child === undefined) return false;
    const order = random.shuffle(val.map((_, index) => index));
    const differs = (index: number): number => Number(first.scores[index] !== second.scores[index]);
    const chosen = order.sort((a, b) => differs(b) - differs(a)).slice(0, MERGE_TASKS);
    const purpose = { iteration, split: 'val', label: `iteration ${iteration}, crossover` } as const;
    const tried = await context.evaluate(child, firstTrials(chosen.map((index) => val[index] as Task)), purpose);
    const of = (member: Member): number => chosen.reduce((total, index) => total + (member.scores[index] ?? 0), 0);
    if (sum(tried) < Math.max(of(first), of(second))) return false;
    pool.push(await scoreAll(child, iteration));
    return true;
  }

  /** Whether all training tasks were run in a row without anything to reflect on. */
  const hasNothingToLearn = (): boolean => pool.length === 1 && perfectTasks >= context.train.length;
  let perfectTasks = 0;
  let merges = 0;
  let reason: EndReason = 'iterations';
  for (let iteration = 1; iteration <= limit; iteration++) {
    if (!affords(2 * batchSize + val.length)) {
      reason = 'budget';
      break;
    }
    const previous = best().prompt;
    const { isAccepted, note } = await mutate(iteration);
    if (isAccepted && settings.merge && merges < settings.maxMerges && affords(val.length)) {
      if (await merge(iteration)) merges += 1;
    }
    keep();
    context.report({ iteration, previous, best: best().prompt, score: best().mean, critique: note });
    if (hasNothingToLearn()) {
      reason = 'ceiling';
      break;
    }
  }
  return { best: best().prompt, baseline: seed.rollouts, final: best().rollouts, reason };
}

function validationTasks({ validationTasks: wanted }: GepaOptions, context: OptimizerContext): readonly Task[] {
  const { val } = context;
  const budget = context.remainingRollouts();
  const affordable = Number.isFinite(budget) ? clamp(Math.floor(budget * PASS_SHARE), 1, val.length) : val.length;
  const count = Math.min(affordable, wanted ?? val.length);
  return count === val.length ? val : context.random('validation').shuffle(val).slice(0, count);
}

function sum(rollouts: readonly ScoredRollout[]): number {
  return rollouts.reduce((total, rollout) => total + (rewardOf(rollout) ?? 0), 0);
}

/** What people see of an iteration: why the worst rollout of the minibatch was graded as it was. */
function worstReason(rollouts: readonly ScoredRollout[]): string {
  const [worst] = [...rollouts].sort((a, b) => (rewardOf(a) ?? 0) - (rewardOf(b) ?? 0));
  return worst?.grade.reason ?? '';
}
