import type { Prompt } from '../../core/prompt.ts';
import { type ScoredRollout, scoreOf } from '../../core/rollout.ts';
import type { Task } from '../../core/task.ts';
import type { Forecast, Optimizer, OptimizerContext, Outcome } from '../optimizer.ts';

/** A part of a run that another optimizer works on: fewer tasks, or one component of the prompt. */
export type Part = {
  /** Keeps the random streams of the parts apart. */
  readonly name: string;
  /** The prompt that the inner optimizer starts from, as it sees it. */
  readonly start: Prompt;
  readonly train: readonly Task[];
  readonly val: readonly Task[];
  readonly iterations: number;
  /** Rollouts that the part may take; Infinity when the run has no limit. */
  readonly rollouts: number;
  /** The prompt that is really run at its start. */
  readonly from: Prompt;
  /** From the inner optimizer's prompt to the one that is really run. */
  readonly outer: (inner: Prompt) => Prompt;
};

/**
 * The context of a part: the inner optimizer sees its own tasks, its own prompts and its share of the rollouts, while
 * rollouts, candidates and checks are those of the whole run.
 */
export function contextOfPart(context: OptimizerContext, part: Part): OptimizerContext {
  const before = context.remainingRollouts();
  /** What the inner optimizer's prompts are in the run. */
  const outerIds = new Map<string, string>();
  const asInner = (inner: Prompt, { rollout, grade }: ScoredRollout): ScoredRollout => ({
    rollout: { ...rollout, promptId: inner.id },
    grade,
  });
  return {
    ...context,
    start: part.start,
    train: part.train,
    val: part.val,
    iterations: part.iterations,
    random: (...purpose) => context.random(part.name, ...purpose),
    remainingRollouts: () =>
      Number.isFinite(part.rollouts)
        ? Math.max(0, part.rollouts - (before - context.remainingRollouts()))
        : part.rollouts,
    async evaluate(prompt, trials, purpose) {
      const label = `${part.name}, ${purpose.label}`;
      const scored = await context.evaluate(part.outer(prompt), trials, { ...purpose, label });
      return scored.map((one) => asInner(prompt, one));
    },
    ask: (role, request, sample) => context.ask(role, request, sample),
    reject: (proposal, parent) => context.reject(part.outer(proposal), part.outer(parent)),
    async addCandidate(candidate) {
      const prompt = part.outer(candidate.prompt);
      const isStart = candidate.prompt.id === part.start.id;
      outerIds.set(candidate.prompt.id, prompt.id);
      // The start of a part is a prompt that the run has made before, or the same one for a category.
      if (isStart && prompt.id === part.from.id && prompt.id !== context.start.id) return;
      const isNew = isStart && prompt.id !== part.from.id;
      const parents = isNew ? [part.from.id] : candidate.parents.map((id) => outerIds.get(id) ?? id);
      await context.addCandidate({ ...candidate, prompt, parents, ...(isNew ? { operator: part.name } : {}) });
    },
    report: (report) =>
      context.report({ ...report, best: part.outer(report.best), previous: part.outer(report.previous) }),
    // Its tasks are no sample of the run's: what it keeps is scored by nobody yet.
    keep: ({ best, contender = best }) =>
      context.keep({ best: context.start, contender: part.outer(contender), baseline: [], final: [] }),
  };
}

/** Share of a part's training tasks that choose within it. */
const HELD_OUT = 0.2;
/** With fewer tasks, all of them do both. */
const FEWEST_TO_SPLIT = 5;

/**
 * The tasks of a part. Its optimizer chooses on training tasks that are held out, so that the run's validation tasks are
 * touched by nothing but the comparison at the end.
 */
export function tasksOfPart(
  context: OptimizerContext,
  tasks: readonly Task[],
  name: string,
): Pick<Part, 'train' | 'val'> {
  if (tasks.length < FEWEST_TO_SPLIT) return { train: tasks, val: tasks };
  const order = context.random('held out', name).shuffle(tasks);
  const count = Math.max(1, Math.round(tasks.length * HELD_OUT));
  return { train: order.slice(count), val: order.slice(0, count) };
}

/** Share of the rollouts that a strategy keeps for {@link finishOnVal}. */
export const FINAL_SHARE = 0.15;

/** The end of a strategy: its prompt and the start on validation tasks, as many as the budget still allows. The higher mean wins. */
export async function finishOnVal(context: OptimizerContext, candidate: Prompt): Promise<Outcome> {
  const affordable = Math.floor(context.remainingRollouts() / 2);
  const tasks = context.val.slice(0, Math.max(1, Math.min(context.val.length, affordable)));
  const trials = tasks.map((task) => ({ task, sample: 0 }));
  const purpose = { iteration: context.iterations, split: 'val', label: 'the final comparison' } as const;
  const baseline = await context.evaluate(context.start, trials, purpose);
  const final = await context.evaluate(candidate, trials, purpose);
  const isBetter = scoreOf(final) > scoreOf(baseline);
  return {
    best: isBetter ? candidate : context.start,
    baseline,
    final: isBetter ? final : baseline,
    reason: Number.isFinite(context.remainingRollouts()) ? 'budget' : 'iterations',
  };
}

export type Shares = {
  /** Rollouts for the parts to come; Infinity without a limit. */
  left(): number;
  /** A share (0..1) of what is still there. */
  next(share: number): Pick<Part, 'iterations' | 'rollouts'>;
};

/**
 * Shares out the rollouts and iterations of a run among its parts, but for what {@link finishOnVal} needs. A share is
 * one of what is still there, so that what a part leaves goes to those after it; no limit stays no limit.
 */
export function createShares(
  context: OptimizerContext,
  { defaultIterations }: Pick<Optimizer, 'defaultIterations'>,
): Shares {
  const limit = context.remainingRollouts();
  const isLimited = Number.isFinite(limit);
  const kept = isLimited ? Math.ceil(limit * FINAL_SHARE) : 0;
  // Where rollouts end a run, its iterations are the default, which means no limit to the inner optimizer: a share of them would.
  const isOpen = isLimited && context.iterations === defaultIterations;
  let rest = context.iterations;
  const left = () => (isLimited ? Math.max(0, context.remainingRollouts() - kept) : limit);
  return {
    left,
    next(share) {
      const iterations = isOpen ? context.iterations : Math.max(1, Math.round(rest * share));
      rest -= rest * share;
      return { iterations, rollouts: Math.floor(left() * share) };
    },
  };
}

/** A forecast of the inner optimizer with what the strategy makes of the tasks before its note. */
export function withNote(forecast: Forecast, note: string): Forecast {
  return { ...forecast, note: forecast.note === undefined ? note : `${note}; ${forecast.note}` };
}
