import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import { mean } from '../../core/statistics.ts';

/** The scores of those that have one. */
export function rewardsOf(rollouts: readonly ScoredRollout[]): readonly number[] {
  return rollouts.flatMap((rollout) => rewardOf(rollout) ?? []);
}

/** Mean of what has a score; a prompt without any loses every comparison. */
export function scoreOf(rollouts: readonly ScoredRollout[]): number {
  const rewards = rewardsOf(rollouts);
  return rewards.length === 0 ? -1 : mean(rewards);
}

/** Differences `after - before` of the tasks that have a score in both. Both lists are by the same trials. */
export function pairedDifferences(before: readonly ScoredRollout[], after: readonly ScoredRollout[]): number[] {
  return after.flatMap((scored, index) => {
    const old = before[index];
    const [a, b] = [old === undefined ? undefined : rewardOf(old), rewardOf(scored)];
    return a === undefined || b === undefined ? [] : [b - a];
  });
}
