import PQueue from 'p-queue';
import { ApoError, isApoError } from '../core/errors.ts';
import type { Prompt } from '../core/prompt.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import type { EvaluationPurpose, Trial } from '../optimizers/optimizer.ts';
import type { StoredRollout } from '../stores/store.ts';
import type { Budget } from './budget.ts';
import { type RolloutParts, runRollout } from './rollout.ts';

export type EvaluateParts = RolloutParts & {
  readonly budget: Budget;
  readonly concurrency: number;
  /** Share of failed or unscored rollouts above which a step stops. */
  readonly failureThreshold: number;
  readonly save: (rollouts: readonly StoredRollout[]) => Promise<void>;
  readonly onRollout: (scored: ScoredRollout) => void;
};

/** Rollouts of the last trials that a health check looks at, so that small evaluations are judged together. */
const HEALTH_WINDOW = 20;

/**
 * Evaluates prompts on tasks, in parallel, each (prompt, task, sample) once. Results are in the order of the trials: what
 * arrives first has no influence on anything.
 */
export function createEvaluate(parts: EvaluateParts) {
  const queue = new PQueue({ concurrency: parts.concurrency });
  const known = new Map<string, Promise<ScoredRollout>>();
  const recent: boolean[] = [];

  return async function evaluate(
    prompt: Prompt,
    trials: readonly Trial[],
    purpose: EvaluationPurpose,
  ): Promise<readonly ScoredRollout[]> {
    parts.stop.check();
    const keyOf = ({ task, sample }: Trial): string => JSON.stringify([prompt.id, task.id, sample]);
    const fresh = [...new Map(trials.map((trial) => [keyOf(trial), trial]))].filter(([key]) => !known.has(key));
    parts.budget.claimRollouts(fresh.length);
    for (const [key, { task, sample }] of fresh) {
      const rollout = queue.add(async () => {
        parts.stop.check();
        const scored = await runRollout(parts, prompt, task, sample);
        await parts.save([toStored(scored, parts.runId, task, purpose)]);
        parts.onRollout(scored);
        return scored;
      });
      // Settled below; without a handler an early failure would count as unhandled.
      rollout.catch(() => {});
      known.set(key, rollout);
    }
    const settled = await Promise.allSettled(trials.map((trial) => known.get(keyOf(trial)) as Promise<ScoredRollout>));
    const failure = settled.find((result) => result.status === 'rejected');
    if (failure !== undefined) {
      const { reason } = failure;
      if (isApoError(reason)) parts.stop.request(reason);
      throw parts.stop.reason ?? reason;
    }
    const results = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    recent.push(...results.slice(0, fresh.length).map(isHealthy));
    recent.splice(0, Math.max(0, recent.length - Math.max(HEALTH_WINDOW, trials.length)));
    checkHealth(results, recent, parts.failureThreshold, purpose);
    return results;
  };
}

function isHealthy({ rollout, grade }: ScoredRollout): boolean {
  return grade.status === 'scored' && rollout.failure?.kind !== 'infrastructure';
}

/** @throws ApoError `step-failed` with the most frequent reason */
function checkHealth(
  results: readonly ScoredRollout[],
  recent: readonly boolean[],
  threshold: number,
  purpose: EvaluationPurpose,
): void {
  const sick = results.filter((result) => !isHealthy(result));
  const enough = results.length >= HEALTH_WINDOW / 2;
  const share = enough
    ? sick.length / results.length
    : recent.length < HEALTH_WINDOW
      ? 0
      : recent.filter((healthy) => !healthy).length / recent.length;
  if (share <= threshold || sick.length === 0) return;
  const reasons = new Map<string, number>();
  for (const { grade } of sick) reasons.set(grade.reason, (reasons.get(grade.reason) ?? 0) + 1);
  const [reason] = [...reasons].sort((a, b) => b[1] - a[1])[0] ?? [''];
  throw new ApoError(
    'step-failed',
    `${Math.round(share * 100)} % of the rollouts are failed or unscored (limit ${Math.round(threshold * 100)} %) - in ${purpose.label}: ${reason}`,
    {
      hint: 'these are no bad answers, so training on them would mislead: fix the cause, then resume; or raise failureThreshold',
    },
  );
}

function toStored(
  scored: ScoredRollout,
  runId: string,
  task: Trial['task'],
  purpose: EvaluationPurpose,
): StoredRollout {
  return {
    ...scored,
    runId,
    iteration: purpose.iteration,
    split: purpose.split,
    category: task.category,
    difficulty: task.difficulty,
  };
}
