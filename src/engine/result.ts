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
  signFlipChance,
} from '../core/statistics.ts';
import type { Candidate, Outcome, Verdict } from '../optimizers/optimizer.ts';
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

/** A bootstrap of fewer differences gives intervals that are too narrow: then the permutation test alone decides. */
const FEWEST_COMPARED = 10;
const LEVEL = 0.05;
/** Room for a better prompt that nobody has to look for. */
const NO_ROOM = 0.15;

export type VerdictParts = {
  readonly isStart: boolean;
  /** The start and the best prompt on validation tasks. */
  readonly before: readonly ScoredRollout[];
  readonly after: readonly ScoredRollout[];
  /** Both on the sealed test part; empty without one. */
  readonly test: { readonly before: readonly ScoredRollout[]; readonly after: readonly ScoredRollout[] };
  /** Prompts that were run on most of these validation tasks, and of which the best one was chosen. */
  readonly tried: number;
  /** Scores of the starting prompt on all tasks that it was run on. */
  readonly startScores: readonly number[];
};

/**
 * Never more than the data support. An improvement needs a paired permutation test at 5 %, divided by the number of prompts
 * that the best one was chosen from (Bonferroni), a 95 % bootstrap interval above 0, and a sealed test part that does not speak against
 * it. "None" needs a sample that could have shown one, or a start that leaves no room for one.
 */
export function decideVerdict(parts: VerdictParts, random: Random): Verdict {
  const { isStart, before, after, test, tried, startScores } = parts;
  const validation = compare(before, after, random);
  if (!isStart && isShown(before, after, validation, LEVEL / Math.max(1, tried), random)) {
    if (test.before.length === 0) return 'improved';
    const sealed = compare(test.before, test.after, random);
    const all = [
      [...before, ...test.before],
      [...after, ...test.after],
    ] as const;
    const isHeld = sealed.difference > 0 && isShown(...all, compare(...all, random), LEVEL, random);
    return isHeld ? 'improved' : 'not_enough_data';
  }
  const room = startScores.length === 0 ? 1 : 1 - meanInterval(startScores)[0];
  if (isStart && room <= NO_ROOM) return 'no_improvement';
  const couldShow = detectableGain(validation.n) <= 0.2;
  return couldShow && (isStart || validation.interval[1] < 0.05) ? 'no_improvement' : 'not_enough_data';
}

function isShown(
  before: readonly ScoredRollout[],
  after: readonly ScoredRollout[],
  { interval, n }: PairedBootstrap,
  level: number,
  random: Random,
): boolean {
  const old = taskScores(before);
  const differences = [...taskScores(after)].flatMap(([task, score]) => {
    const was = old.get(task);
    return was === undefined ? [] : [score - was];
  });
  return signFlipChance(differences, random) <= level && (n < FEWEST_COMPARED || interval[0] > 0);
}

export function countOutcomes(rollouts: readonly RolloutScore[]): RunResult['usage']['outcomes'] {
  const counts = { ok: 0, failed: 0, refused: 0, truncated: 0, unscored: 0 };
  for (const { status, score } of rollouts) {
    counts[status] += 1;
    if (score === null) counts.unscored += 1;
  }
  return counts;
}

export function describeGain(isStart: boolean, { difference, interval, n }: PairedBootstrap): RunResult['gain'] {
  return isStart || n === 0 ? null : { difference: round(difference), interval: roundInterval(interval), n };
}

/** One score for each task that the prompt was run on: the mean of its samples. */
export function scoresByTask(rollouts: readonly RolloutScore[], promptId: string): readonly number[] {
  const byTask = new Map<string, number[]>();
  for (const rollout of rollouts) {
    if (rollout.promptId !== promptId || rollout.score === null) continue;
    byTask.set(rollout.taskId, [...(byTask.get(rollout.taskId) ?? []), rollout.score]);
  }
  return [...byTask.values()].map(mean);
}

export function countProposals(
  rollouts: readonly RolloutScore[],
  candidates: readonly Candidate[],
  startId: string,
): RunResult['proposals'] {
  const tried = new Set(rollouts.map(({ promptId }) => promptId));
  tried.delete(startId);
  return { tried: tried.size, rejected: candidates.filter(({ rejected }) => rejected !== null).length };
}

/** Prompts besides the start with validation rollouts on at least half of so many tasks. */
export function countTried(rollouts: readonly RolloutScore[], startId: string, tasks: number): number {
  const seen = new Map<string, Set<string>>();
  for (const { promptId, taskId, split } of rollouts) {
    if (split !== 'val' || promptId === startId) continue;
    seen.set(promptId, (seen.get(promptId) ?? new Set()).add(taskId));
  }
  return [...seen.values()].filter(({ size }) => size >= tasks / 2).length;
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
