import { type ApoError, isApoError } from '../core/errors.ts';
import type { Prompt } from '../core/prompt.ts';
import type { Random } from '../core/random.ts';
import { type ScoredRollout, scoreOf } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import type { Kept, Trial } from '../optimizers/optimizer.ts';
import type { Store } from '../stores/store.ts';
import type { Budget } from './budget.ts';
import { type Evaluator, trialKey } from './evaluate.ts';
import { KeptBudget } from './outlook.ts';

/** Share of a budget that the final comparison may take at most. */
const MOST_SHARE = 0.3;
/** Tasks that both prompts are run on before the next ones: of a comparison that has to stop, whole blocks count. */
const BLOCK = 8;

/** Codes of errors after which what was compared so far counts; any other pauses or fails the run. */
const ENDS_COMPARISON: ReadonlySet<string> = new Set(['budget-reached', 'step-failed']);

export type ClosingParts = {
  readonly start: Prompt;
  readonly val: readonly Task[];
  readonly test: readonly Task[];
  readonly budget: Budget;
  readonly evaluate: Evaluator['evaluate'];
  /** Whether a rollout was made before a resume, and so costs nothing. */
  readonly wasMade: (prompt: Prompt, trial: Trial) => boolean;
  readonly iterations: number;
  readonly random: Random;
};

/**
 * Optimizers plan with rollouts. Where calls, tokens, cost or minutes are limited, the engine ends the search while these
 * still pay for a comparison of the best prompt with the start on validation tasks: every budget ends with a score.
 */
export type Closing = {
  /** The search's: refused when it would take what the comparison needs. @throws ApoError `budget-reached` */
  readonly evaluate: Evaluator['evaluate'];
  /** A call of the search: refused likewise. @throws ApoError `budget-reached` */
  ask<T>(call: () => Promise<T>): Promise<T>;
  /** Set once the search was ended so. */
  readonly reached: ApoError | undefined;
  /** The end of such a run: the better one of the start and what was kept, with their scores. */
  compare(kept: Kept): Promise<Kept>;
  /** Whether the budget pays for a look at the sealed test part, too. */
  affordsTest(): boolean;
};

export function createClosing(parts: ClosingParts): Closing {
  const { start, val, test, budget, evaluate } = parts;
  const seen = new Set<string>();
  let reached: ApoError | undefined;
  let first: Promise<unknown> | undefined;

  /**
   * What a rollout takes is known when one has ended. Where that decides how many the limits pay for, the first one runs alone:
   * more would leave half-paid rollouts behind, and at another concurrency other ones.
   */
  async function afterFirst(...[prompt, trials, purpose]: Parameters<Evaluator['evaluate']>): Promise<void> {
    first ??= evaluate(prompt, trials.slice(0, 1), purpose);
    await first;
  }

  function tasksToCompare(): number {
    return Math.max(1, Math.min(val.length, Math.floor(budget.affordable(MOST_SHARE) / 2)));
  }

  function keptRollouts(): number {
    const compared = 2 * tasksToCompare();
    const sealed = 2 * test.length;
    return compared + (compared + sealed <= budget.affordable(2 * MOST_SHARE) ? sealed : 0);
  }

  return {
    async evaluate(prompt, trials, purpose) {
      if (budget.limitsSpending && trials.length > 0) await afterFirst(prompt, trials, purpose);
      const fresh = trials.filter((trial) => !seen.has(trialKey(prompt, trial)) && !parts.wasMade(prompt, trial));
      if (fresh.length > 0) {
        reached ??= budget.shortage(fresh.length, keptRollouts());
        if (reached !== undefined) throw reached;
      }
      for (const trial of trials) seen.add(trialKey(prompt, trial));
      return evaluate(prompt, trials, purpose);
    },
    async ask(call) {
      if (reached !== undefined) throw reached;
      budget.keep(keptRollouts());
      try {
        return await call();
      } catch (error) {
        if (error instanceof KeptBudget) {
          reached ??= error;
          throw reached;
        }
        throw error;
      }
    },
    get reached() {
      return reached;
    },
    affordsTest: () => test.length > 0 && budget.shortage(2 * test.length, 0) === undefined,
    async compare(kept) {
      // Where the rollouts that are left pay for one prompt only, that is the start.
      const isPaired = kept.baseline.length > 0 || budget.remainingRollouts() > 1;
      const contender = isPaired ? (kept.contender ?? kept.best) : start;
      if (kept.final.length > 0 && kept.baseline.length > 0 && contender.id === kept.best.id) return kept;
      const known = new Set(kept.baseline.map(({ rollout }) => rollout.taskId));
      // What was kept for two prompts is one's where nothing but the start was found.
      const share = contender.id === start.id ? 2 : 1;
      const count = Math.min(tasksToCompare() * share, Math.floor((budget.remainingRollouts() * share) / 2));
      const tasks = known.size > 0 ? val.filter(({ id }) => known.has(id)) : parts.random.shuffle(val).slice(0, count);
      const purpose = { iteration: parts.iterations, split: 'val', label: 'the final comparison' } as const;
      const before: ScoredRollout[] = [];
      const after: ScoredRollout[] = [];
      try {
        for (let from = 0; from < tasks.length; from += BLOCK) {
          const trials = tasks.slice(from, from + BLOCK).map((task) => ({ task, sample: 0 }));
          const block = await Promise.all([
            evaluate(start, trials, purpose),
            ...(contender.id === start.id ? [] : [evaluate(contender, trials, purpose)]),
          ]);
          before.push(...(block[0] ?? []));
          after.push(...(block[1] ?? []));
        }
      } catch (error) {
        if (!isApoError(error) || !ENDS_COMPARISON.has(error.code)) throw error;
      }
      return scoreOf(after) > scoreOf(before)
        ? { ...kept, best: contender, baseline: before, final: after }
        : { best: start, baseline: before, final: before };
    },
  };
}

/** Rollouts of this run that an earlier process made; of a prompt on a task, the first samples come first. */
export async function madeBefore(store: Store, runId: string): Promise<(prompt: Prompt, trial: Trial) => boolean> {
  const made = new Map<string, number>();
  for (const { promptId, taskId } of await store.rollouts.scores({ runId })) {
    const key = JSON.stringify([promptId, taskId]);
    made.set(key, (made.get(key) ?? 0) + 1);
  }
  return (prompt, { task, sample }) => (made.get(JSON.stringify([prompt.id, task.id])) ?? 0) > sample;
}
