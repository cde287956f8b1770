import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';

/** The scores of those that have one. */
export function rewardsOf(rollouts: readonly ScoredRollout[]): readonly number[] {
  return rollouts.flatMap((rollout) => rewardOf(rollout) ?? []);
}

/** Differences `after - before` of the tasks that have a score in both. Both lists are by the same trials. */
export function pairedDifferences(before: readonly ScoredRollout[], after: readonly ScoredRollout[]): number[] {
  return after.flatMap((scored, index) => {
    const old = before[index];
    const [a, b] = [old === undefined ? undefined : rewardOf(old), rewardOf(scored)];
    return a === undefined || b === undefined ? [] : [b - a];
  });
}
