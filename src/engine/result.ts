import { type ApoError, stopOf } from '../core/errors.ts';
import { type Prompt, promptText } from '../core/prompt.ts';
import { createRandom } from '../core/random.ts';
import type { RolloutStatus, ScoredRollout } from '../core/rollout.ts';
import { type Interval, mean, meanInterval } from '../core/statistics.ts';
import type { Candidate, Kept, Outcome, Verdict } from '../optimizers/optimizer.ts';
import type { JournalTotals, RolloutScore } from '../stores/store.ts';
import type { LeakCounts } from './leaks.ts';
import {
  type Comparison,
  compare,
  countTried,
  decideVerdict,
  scoresByTask,
  taskScores,
  type VerdictParts,
} from './verdict.ts';

/** A prompt's score on validation tasks. `n` counts tasks; repeats of a task are averaged first. */
export type ScoreSummary = {
  readonly promptId: string;
  /** 0..1; null when nothing was scored. */
  readonly score: number | null;
  /** 95 %. */
  readonly interval: Interval | null;
  readonly n: number;
};

/** What `apo train --json` prints and `result.json` holds. `durationMs` and `files` differ between equal runs. */
export type RunResult = {
  readonly runId: string;
  readonly status: 'completed' | 'stopped' | 'failed';
  /** Why it ended: an end of the optimizer's own (`iterations`, `budget`, `stalled`, `ceiling`) or an error code. */
  readonly reason: string;
  readonly verdict: Verdict;
  readonly algorithm: string;
  readonly seed: number;
  /** True when a simulated model took part; scores then say nothing about real models. */
  readonly simulated: boolean;
  readonly baseline: ScoreSummary;
  readonly best: ScoreSummary & { readonly text: string; readonly components: Prompt['components'] };
  /** Of `best` over `baseline` on the validation tasks that both have a score for; null when there are none, or both are one prompt. */
  readonly gain: { readonly difference: number; readonly interval: Interval; readonly n: number } | null;
  /** Both prompts on the sealed test part, looked at once; null without one. */
  readonly test: {
    readonly baseline: ScoreSummary;
    readonly best: ScoreSummary;
    readonly difference: number;
    readonly interval: Interval;
  } | null;
  /** Prompts besides the start: how many were run, and how many the gate rejected before. */
  readonly proposals: { readonly tried: number; readonly rejected: number };
  readonly usage: {
    readonly rollouts: number;
    /** How they ended; `unscored` counts those that have no score, whatever their end. */
    readonly outcomes: { readonly [status in RolloutStatus | 'unscored']: number };
    readonly calls: JournalTotals['calls'];
    readonly tokens: { readonly input: number; readonly output: number };
    /** Whether a server left usage out, so that tokens (and the cost) are in part characters / 4. */
    readonly estimated: boolean;
    /** null when a price is unknown. */
    readonly costUsd: number | null;
  };
  /** Outputs of these models that were dropped because a planted canary stood in them: they obeyed data, or were made to leak. */
  readonly leaks: LeakCounts;
  readonly explanation: Outcome['explanation'];
  readonly durationMs: number;
  readonly files: { readonly [name: string]: string };
};

/** What is on record of a run that has ended. */
export type ResultParts = {
  readonly run: Pick<RunResult, 'runId' | 'algorithm' | 'seed' | 'simulated'>;
  readonly start: Prompt;
  readonly outcome: Pick<Kept, 'best' | 'baseline' | 'final'>;
  readonly reason: string;
  /** What stopped the run from outside. */
  readonly error: ApoError | undefined;
  /** The look at the sealed test part; null without one. */
  readonly test: Tested | null;
  /** Every rollout that ended, in this process or before. */
  readonly rollouts: readonly RolloutScore[];
  readonly candidates: readonly Candidate[];
  readonly totals: JournalTotals;
  readonly leaks: LeakCounts;
  readonly explanation: RunResult['explanation'];
  readonly durationMs: number;
};

export type Tested = { readonly result: RunResult['test']; readonly rollouts: VerdictParts['test'] };

/** Deterministic in what it is given; `files` are still to be written. */
export function describeRun(parts: ResultParts): RunResult {
  const { run, start, outcome, test, rollouts, candidates, totals } = parts;
  const { best, baseline, final } = outcome;
  const isStart = best.id === start.id;
  return {
    runId: run.runId,
    status: statusOf(parts.error),
    reason: parts.reason,
    verdict: decideVerdict(
      {
        isStart,
        before: baseline,
        after: final,
        test: test?.rollouts ?? { before: [], after: [] },
        tried: countTried(rollouts, start.id, final.length),
        startScores: scoresByTask(rollouts, start.id),
      },
      createRandom(run.seed, 'verdict'),
    ),
    algorithm: run.algorithm,
    seed: run.seed,
    simulated: run.simulated,
    baseline: summarise(start, baseline),
    best: { ...summarise(best, final), text: promptText(best), components: best.components },
    gain: describeGain(isStart, compare(baseline, final, createRandom(run.seed, 'gain'))),
    test: test?.result ?? null,
    proposals: countProposals(rollouts, candidates, start.id),
    usage: {
      // Rollouts that ended: what was only claimed when the run was stopped is none.
      rollouts: rollouts.length,
      outcomes: countOutcomes(rollouts),
      calls: totals.calls,
      tokens: { input: totals.usage.input, output: totals.usage.output },
      estimated: totals.usage.estimated,
      costUsd: totals.costMicroUsd === null ? null : totals.costMicroUsd / 1e6,
    },
    leaks: parts.leaks,
    explanation: parts.explanation,
    durationMs: parts.durationMs,
    files: {},
  };
}

function statusOf(error: ApoError | undefined): RunResult['status'] {
  if (error === undefined) return 'completed';
  return error.resumable && stopOf(error.code) !== undefined ? 'stopped' : 'failed';
}

export function summarise(prompt: Prompt, rollouts: readonly ScoredRollout[]): ScoreSummary {
  const scores = [...taskScores(rollouts).values()];
  return {
    promptId: prompt.id,
    score: scores.length === 0 ? null : round(mean(scores)),
    interval: scores.length === 0 ? null : roundInterval(meanInterval(scores)),
    n: scores.length,
  };
}

function countOutcomes(rollouts: readonly RolloutScore[]): RunResult['usage']['outcomes'] {
  const counts = { ok: 0, failed: 0, refused: 0, truncated: 0, unscored: 0 };
  for (const { status, score } of rollouts) {
    counts[status] += 1;
    if (score === null) counts.unscored += 1;
  }
  return counts;
}

function describeGain(isStart: boolean, { difference, interval, n }: Comparison): RunResult['gain'] {
  return isStart || n === 0 ? null : { difference: round(difference), interval: roundInterval(interval), n };
}

function countProposals(
  rollouts: readonly RolloutScore[],
  candidates: readonly Candidate[],
  startId: string,
): RunResult['proposals'] {
  const tried = new Set(rollouts.map(({ promptId }) => promptId));
  tried.delete(startId);
  return { tried: tried.size, rejected: candidates.filter(({ rejected }) => rejected !== null).length };
}

export function roundInterval([low, high]: Interval): Interval {
  return [round(low), round(high)];
}

/** Four decimals: more would be noise, and sums of floats must not differ in the last bit between equal runs. */
export function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
