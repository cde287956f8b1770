import { type Prompt, promptText } from '../core/prompt.ts';
import type { Random } from '../core/random.ts';
import { type RolloutStatus, rewardOf, type ScoredRollout } from '../core/rollout.ts';
import {
  detectableGain,
  type Interval,
  mean,
  meanInterval,
  type PairedBootstrap,
  pairedBootstrap,
} from '../core/statistics.ts';
import type { Outcome, Verdict } from '../optimizers/optimizer.ts';
import type { JournalTotals, RolloutScore } from '../stores/store.ts';
import type { LeakCounts } from './leaks.ts';

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
  /** Both prompts on the sealed test part, looked at once; null without one. */
  readonly test: {
    readonly baseline: ScoreSummary;
    readonly best: ScoreSummary;
    readonly difference: number;
    readonly interval: Interval;
  } | null;
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

export function summarize(prompt: Prompt, rollouts: readonly ScoredRollout[]): ScoreSummary {
  const scores = [...taskScores(rollouts).values()];
  return {
    promptId: prompt.id,
    score: scores.length === 0 ? null : round(mean(scores)),
    interval: scores.length === 0 ? null : roundInterval(meanInterval(scores)),
    n: scores.length,
  };
}

/** Task id -> mean score over its scored samples. */
function taskScores(rollouts: readonly ScoredRollout[]): Map<string, number> {
  const byTask = new Map<string, number[]>();
  for (const scored of rollouts) {
    const reward = rewardOf(scored);
    if (reward === undefined) continue;
    const scores = byTask.get(scored.rollout.taskId) ?? [];
    scores.push(reward);
    byTask.set(scored.rollout.taskId, scores);
  }
  return new Map([...byTask].map(([task, scores]) => [task, mean(scores)]));
}

/** Compares two prompts on the tasks that both have a score for. */
export function compare(
  before: readonly ScoredRollout[],
  after: readonly ScoredRollout[],
  random: Random,
): PairedBootstrap {
  const old = taskScores(before);
  const now = [...taskScores(after)].filter(([task]) => old.has(task));
  return pairedBootstrap(
    now.map(([task]) => old.get(task) ?? 0),
    now.map(([, score]) => score),
    random,
  );
}

/** A bootstrap of fewer differences gives intervals that are too narrow. */
const FEWEST_COMPARED = 10;

/** Never more than the data support: an improvement needs a 95 % interval above 0, "none" a sample that could have shown one. */
export function decideVerdict(isStart: boolean, comparison: PairedBootstrap): Verdict {
  if (!isStart && comparison.n >= FEWEST_COMPARED && comparison.interval[0] > 0) return 'improved';
  const couldShow = detectableGain(comparison.n) <= 0.2;
  return couldShow && (isStart || comparison.interval[1] < 0.05) ? 'no_improvement' : 'not_enough_data';
}

export function countOutcomes(rollouts: readonly RolloutScore[]): RunResult['usage']['outcomes'] {
  const counts = { ok: 0, failed: 0, refused: 0, truncated: 0, unscored: 0 };
  for (const { status, score } of rollouts) {
    counts[status] += 1;
    if (score === null) counts.unscored += 1;
  }
  return counts;
}

export function describeBest(prompt: Prompt, rollouts: readonly ScoredRollout[]): RunResult['best'] {
  return { ...summarize(prompt, rollouts), text: promptText(prompt), components: prompt.components };
}

export function roundInterval([low, high]: Interval): Interval {
  return [round(low), round(high)];
}

/** Four decimals: more would be noise, and sums of floats must not differ in the last bit between equal runs. */
export function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
