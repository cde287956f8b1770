import { mean } from './statistics.ts';
import type { TraceEvent } from './trace.ts';
import type { Usage } from './usage.ts';

/**
 * How a rollout ended. `failed` is the agent's or the infrastructure's failure (see `failure`), `refused` a refusal or
 * content filter, `truncated` an answer cut by a length limit.
 */
export type RolloutStatus = 'ok' | 'failed' | 'refused' | 'truncated';

/** `infrastructure`: provider, network, deadline; never a fact about the prompt. `agent`: tool loop, crash, overflow. */
export type RolloutFailure = { readonly kind: 'infrastructure' | 'agent'; readonly message: string };

/** One run of the agent on one task under one prompt. */
export type Rollout = {
  readonly id: string;
  readonly taskId: string;
  readonly promptId: string;
  /** 0, 1, 2 ...: repeats of the same prompt on the same task are distinct samples. */
  readonly sample: number;
  readonly status: RolloutStatus;
  readonly answer: string;
  readonly failure: RolloutFailure | null;
  readonly traceId: string;
  /** Everything that happened, in order, nothing left out. */
  readonly events: readonly TraceEvent[];
  readonly usage: Usage;
  readonly durationMs: number;
};

/** A grade is either a score in 0..1 or explicitly no score; it is never a silent 0. */
export type Grade =
  | {
      readonly status: 'scored';
      /** 0..1. */
      readonly score: number;
      readonly reason: string;
      /** Of a weighted mean: each part by grader name. */
      readonly parts?: { readonly [grader: string]: number };
    }
  | { readonly status: 'unscored'; readonly reason: string };

export type ScoredRollout = { readonly rollout: Rollout; readonly grade: Grade };

/** The reward that optimizers see: the score, or undefined when the rollout says nothing about the prompt. */
export function rewardOf({ grade }: ScoredRollout): number | undefined {
  return grade.status === 'scored' ? grade.score : undefined;
}

/** Mean reward of those that have one; a prompt without any (-1) loses every comparison. */
export function scoreOf(rollouts: readonly ScoredRollout[]): number {
  const rewards = rollouts.flatMap((rollout) => rewardOf(rollout) ?? []);
  return rewards.length === 0 ? -1 : mean(rewards);
}
