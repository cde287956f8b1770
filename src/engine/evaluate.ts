import PQueue from 'p-queue';
import { isApoError } from '../core/errors.ts';
import type { Prompt } from '../core/prompt.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import { ownerOf } from '../core/task.ts';
import type { EvaluationPurpose, Trial } from '../optimizers/optimizer.ts';
import type { StoredRollout } from '../stores/store.ts';
import type { Budget } from './budget.ts';
import { createHealthCheck } from './health.ts';
import { type RolloutParts, rolloutId, runRollout } from './rollout.ts';
import type { StopSwitch } from './stop.ts';

export type EvaluateParts = RolloutParts & {
  readonly budget: Budget;
  /** Ids of the rollouts that were paid for under another limit. Default: none. */
  readonly paidRollouts?: ReadonlySet<string> | undefined;
  readonly concurrency: number;
  /** Share of failed or unscored rollouts above which a step stops. */
  readonly failureThreshold: number;
  readonly save: (rollouts: readonly StoredRollout[]) => Promise<void>;
  /** Brings back what was saved. */
  readonly load: (promptId: string, taskId: string, sample: number) => Promise<ScoredRollout>;
  readonly onRollout: (stored: StoredRollout) => void;
  /** Whether a rollout was made before a resume. Default: none was. */
  readonly wasMade?: (prompt: Prompt, trial: Trial) => boolean;
};

export type Evaluator = {
  /**
   * Evaluates prompts on tasks, in parallel, each (prompt, task, sample) once. Results are in the order of the trials.
   * Evaluations that overlap are judged in the order in which they were asked for, so that what arrives first decides
   * nothing; one that has to wait for its judgement returns before it, and stops the run if it turns out to be bad.
   */
  evaluate(prompt: Prompt, trials: readonly Trial[], purpose: EvaluationPurpose): Promise<readonly ScoredRollout[]>;
  /**
   * To be called when no more evaluations are asked for: resolves when all of them are judged.
   * @throws ApoError what the first bad one stopped the run with, or `step-failed` when no rollout at all was answered
   */
  end(): Promise<void>;
  /** Resolves when no rollout is under way. */
  idle(): Promise<void>;
};

/** What is run once: a prompt on a task, as one of its samples. */
export function trialKey(prompt: Prompt, { task, sample }: Trial): string {
  return JSON.stringify([prompt.id, task.id, sample]);
}

const NONE: ReadonlySet<string> = new Set();
/** Rollouts that stay in memory with all their events; optimizers mostly look back at the last evaluations. */
const KEPT = 2000;

/**
 * Rollouts under way for each call that may be in flight. Above 1, a call is always ready to be sent when another one ends;
 * each rollout then takes as much longer as it waits. At a concurrency below 4 it adds none: one by one stays one by one.
 */
const ADMITTED = 1.25;

export function createEvaluator(parts: EvaluateParts): Evaluator {
  const queue = new PQueue({ concurrency: Math.floor(parts.concurrency * ADMITTED) });
  /** Undefined: it is in the store only. */
  const known = new Map<string, Promise<ScoredRollout> | undefined>();
  const kept: string[] = [];
  const health = createHealthCheck(parts.failureThreshold);
  let judging: Promise<void> = Promise.resolve();
  let unjudged = 0;
  let failure: { readonly error: unknown } | undefined;

  function start(key: string, prompt: Prompt, { task, sample }: Trial, purpose: EvaluationPurpose): void {
    const rollout = queue.add(
      async () => {
        parts.stop.check();
        const scored = await runRollout(parts, prompt, task, sample).finally(() =>
          parts.budget.endRollout(parts.wasMade?.(prompt, { task, sample }) !== true),
        );
        const stored = toStored(scored, parts.runId, task, purpose);
        await parts.save([stored]);
        parts.onRollout(stored);
        kept.push(key);
        if (kept.length > KEPT) known.set(kept.shift() as string, undefined);
        return scored;
      },
      // A critic and an editor wait for training rollouts; they work while the others run.
      { priority: purpose.split === 'train' ? 2 : purpose.isUrgent === false ? 0 : 1 },
    );
    rollout.catch((error: unknown) => {
      // At once: what is queued behind it must not start any more.
      if (isApoError(error)) parts.stop.request(error);
    });
    known.set(key, rollout);
  }

  function recall(key: string, prompt: Prompt, { task, sample }: Trial): Promise<ScoredRollout> {
    return known.get(key) ?? parts.load(prompt.id, task.id, sample);
  }

  return {
    idle: () => queue.onIdle(),
    async end() {
      await judging;
      if (failure !== undefined) throw failure.error;
      health.end();
    },
    async evaluate(prompt, trials, purpose) {
      parts.stop.check();
      const keyOf = (trial: Trial): string => trialKey(prompt, trial);
      const fresh = new Map(trials.map((trial) => [keyOf(trial), trial]));
      for (const key of fresh.keys()) if (known.has(key)) fresh.delete(key);
      const { paidRollouts: paid = NONE } = parts;
      const isPaid = ({ task, sample }: Trial): boolean =>
        paid.size > 0 && paid.has(rolloutId(parts.agent, prompt, task, sample));
      const claimed = [...fresh.values()];
      const made = claimed.filter((trial) => parts.wasMade?.(prompt, trial) === true).length;
      parts.budget.claimRollouts(claimed.length, claimed.filter(isPaid).length, made);
      for (const [key, trial] of fresh) start(key, prompt, trial, purpose);

      const isNext = unjudged++ === 0;
      const settling = Promise.allSettled(trials.map((trial) => recall(keyOf(trial), prompt, trial)));
      const judgement = Promise.all([settling, judging]).then(([settled]) => {
        unjudged--;
        const results = valuesOf(settled, parts.stop);
        health.step(
          results,
          results.filter((_result, index) => fresh.has(keyOf(trials[index] as Trial))),
          purpose,
        );
      });
      judging = judgement.catch((error: unknown) => {
        failure ??= { error };
        if (isApoError(error)) parts.stop.request(error);
      });
      const settled = await settling;
      if (isNext || settled.some(({ status }) => status === 'rejected')) await judgement;
      return valuesOf(settled, parts.stop);
    },
  };
}

/** @throws the reason of the stop, or the first failure */
function valuesOf(settled: readonly PromiseSettledResult<ScoredRollout>[], stop: StopSwitch): readonly ScoredRollout[] {
  return settled.map((result) => {
    if (result.status === 'rejected') throw stop.reason ?? result.reason;
    return result.value;
  });
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
    ...ownerOf(task),
  };
}
