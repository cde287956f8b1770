import { createPrompt, type Prompt, SYSTEM } from '../../core/prompt.ts';
import type { ScoredRollout } from '../../core/rollout.ts';
import type { OptimizerContext } from '../optimizer.ts';
import { type EffectModel, type Experiment, fitModel, type ModelOptions } from './model.ts';
import { type Arm, type Pool, TUNE } from './pool.ts';
import type { ApoOptions } from './settings.ts';

export const MODEL: ModelOptions = {
  overall: { mean: -0.1, deviation: 0.5 },
  relevance: { mean: 2, deviation: 1.2 },
  wording: { mean: 0, deviation: 0.4 },
  wordingRelevance: { mean: 0, deviation: 0.8 },
  frame: { mean: 0, deviation: 0.5 },
  kept: { mean: 0.3, deviation: 0.5 },
  taskDeviation: 1,
};

/** A rollout on a training task, with the arm that its prompt was made from. */
export type Record = {
  readonly arm: Arm;
  readonly task: number;
  readonly scored: ScoredRollout;
  readonly reward: number;
};

/** What the search knows. All of it is rebuilt by replay. */
export type State = {
  readonly context: OptimizerContext;
  readonly settings: ApoOptions;
  readonly pool: Pool;
  readonly records: Record[];
  /** Rollouts that a critic has read, by id. */
  readonly criticised: Set<string>;
  /** Training tasks in a fixed random order. */
  readonly order: readonly number[];
  position: number;
  model: EffectModel;
};

export function refit(state: State): void {
  const dense = TUNE.dense ?? 0;
  const experiments: Experiment[] = state.records.map(({ arm, task, reward, scored }) => ({
    arm,
    task,
    reward:
      (1 - dense) * reward +
      dense * (reward >= 1 ? 1 : likeness(scored.rollout.answer, state.context.train[task]?.expected ?? null, reward)),
  }));
  state.model = fitModel(state.pool, state.context.train.length, experiments, MODEL, state.model.start);
}

export function promptOf({ pool, context }: State, arm: Arm): Prompt {
  return createPrompt({ ...context.start.components, [SYSTEM]: pool.render(arm) });
}

function likeness(answer: string, expected: string | null, reward: number): number {
  if (expected === null) return reward;
  const a = answer.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const e = expected.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const counts = new Map<string, number>();
  for (const word of e) counts.set(word, (counts.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of a) {
    const left = counts.get(word) ?? 0;
    if (left > 0) {
      common++;
      counts.set(word, left - 1);
    }
  }
  return a.length + e.length === 0 ? 0 : (2 * common) / (a.length + e.length);
}
