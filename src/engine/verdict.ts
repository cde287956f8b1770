import type { Random } from '../core/random.ts';
import { rewardOf, type ScoredRollout } from '../core/rollout.ts';
import {
  detectableGain,
  mean,
  meanInterval,
  type PairedBootstrap,
  pairedBootstrap,
  signFlipChance,
} from '../core/statistics.ts';
import type { Verdict } from '../optimizers/optimizer.ts';
import type { RolloutScore } from '../stores/store.ts';

/** Task id -> mean score over its scored samples. */
export function taskScores(rollouts: readonly ScoredRollout[]): Map<string, number> {
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

/** A bootstrap of what two prompts differ by, task by task. */
export type Comparison = PairedBootstrap & { readonly differences: readonly number[] };

/** Compares two prompts on the tasks that both have a score for. */
export function compare(before: readonly ScoredRollout[], after: readonly ScoredRollout[], random: Random): Comparison {
  const old = taskScores(before);
  const pairs = [...taskScores(after)].flatMap(([task, score]): [number, number][] => {
    const was = old.get(task);
    return was === undefined ? [] : [[was, score]];
  });
  const bootstrap = pairedBootstrap(
    pairs.map(([was]) => was),
    pairs.map(([, score]) => score),
    random,
  );
  return { ...bootstrap, differences: pairs.map(([was, score]) => score - was) };
}

/** A bootstrap of fewer differences gives intervals that are too narrow: then the permutation test alone decides. */
const FEWEST_COMPARED = 10;
/** Of the permutation test. */
const LEVEL = 0.05;
/** Room for a better prompt that nobody has to look for. */
const NO_ROOM = 0.15;
/** A gain that most people train for: a sample that could not have shown it says nothing by showing none. */
const WANTED_GAIN = 0.2;
/** A gain that is not worth having, however sure it is. */
const SMALL_GAIN = 0.05;

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
  if (!isStart && isShown(validation, LEVEL / Math.max(1, tried), random)) {
    if (test.before.length === 0) return 'improved';
    const sealed = compare(test.before, test.after, random);
    const all = (): Comparison => compare([...before, ...test.before], [...after, ...test.after], random);
    const isHeld = sealed.difference > 0 && isShown(all(), LEVEL, random);
    return isHeld ? 'improved' : 'not_enough_data';
  }
  const room = startScores.length === 0 ? 1 : 1 - meanInterval(startScores)[0];
  if (isStart && room <= NO_ROOM) return 'no_improvement';
  const couldShow = detectableGain(validation.n) <= WANTED_GAIN;
  return couldShow && (isStart || validation.interval[1] < SMALL_GAIN) ? 'no_improvement' : 'not_enough_data';
}

function isShown({ differences, interval, n }: Comparison, level: number, random: Random): boolean {
  return signFlipChance(differences, random) <= level && (n < FEWEST_COMPARED || interval[0] > 0);
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

/** Prompts besides the start with validation rollouts on at least half of so many tasks. */
export function countTried(rollouts: readonly RolloutScore[], startId: string, tasks: number): number {
  const seen = new Map<string, Set<string>>();
  for (const { promptId, taskId, split } of rollouts) {
    if (split !== 'val' || promptId === startId) continue;
    seen.set(promptId, (seen.get(promptId) ?? new Set()).add(taskId));
  }
  return [...seen.values()].filter(({ size }) => size >= tasks / 2).length;
}
