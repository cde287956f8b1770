import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import { deviation, mean } from '../../core/statistics.ts';
import type { EndReason, Outcome } from '../optimizer.ts';
import type { Arm } from './pool.ts';
import { admissible, promptOf, type State, startArm } from './state.ts';

/** Chance that the new prompt is better than the start from which on it is returned. */
const SURE_ENOUGH = 0.8;
/** Added to the deviation of the gain that training makes one believe in: a model is never quite right. */
const MODEL_DOUBT = 0.05;
const DRAWS = 60;

/**
 * The end of a run: the prompt that the model believes in and the starting prompt, both on validation tasks that nothing
 * has touched. The new prompt is returned only when it is better with {@link SURE_ENOUGH}; what training says counts too,
 * with its uncertainty doubled.
 */
export async function finish(state: State, rollouts: number, reason: EndReason): Promise<Outcome> {
  const { context, model, pool } = state;
  const arm = admissible(state, model.bestArm(model.mean));
  const best = promptOf(state, arm);
  const { evidence, critique } = originsOf(state, arm);
  await context.addCandidate({
    prompt: best,
    parents: [context.start.id],
    iteration: context.iterations,
    operator: 'statements',
    critique,
    evidence,
    rejected: null,
  });
  const isStart = best.id === context.start.id;
  const count = Math.max(
    1,
    Math.min(context.val.length, Math.floor(Math.min(rollouts, context.remainingRollouts()) / (isStart ? 1 : 2))),
  );
  const tasks = context.random('final').shuffle(context.val).slice(0, count);
  const trials = tasks.map((task) => ({ task, sample: 0 }));
  const purpose = { iteration: context.iterations, split: 'val', label: 'the final comparison' } as const;
  const baseline = await context.evaluate(context.start, trials, purpose);
  if (isStart)
    return { best: context.start, baseline, final: baseline, reason, explanation: explain(state, startArm(pool)) };
  const final = await context.evaluate(best, trials, purpose);
  const isBetter = chanceAbove(differences(baseline, final), gainOf(state, arm)) >= SURE_ENOUGH;
  return {
    best: isBetter ? best : context.start,
    baseline,
    final: isBetter ? final : baseline,
    reason,
    explanation: explain(state, isBetter ? arm : startArm(pool)),
  };
}

/** Whether training alone shows the present best to be better than the start: for a run that is stopped from outside. */
export function isShownBetter(state: State): boolean {
  return chanceAbove([], gainOf(state, state.model.bestArm(state.model.mean))) >= 0.95;
}

type Belief = { readonly mean: number; readonly deviation: number };

/** The gain over the start that training makes one believe in. */
function gainOf({ context, model, pool }: State, arm: Arm): Belief {
  const from = startArm(pool);
  const gains = Array.from({ length: DRAWS }, (_, index) => {
    const effects = model.draw(context.random('gain', index), 1);
    return model.value(arm, effects) - model.value(from, effects);
  });
  return { mean: mean(gains), deviation: 2 * deviation(gains) + MODEL_DOUBT };
}

/** Rollouts and critiques that the statements of an arm came from. */
function originsOf(
  { pool }: State,
  arm: Arm,
): { readonly evidence: readonly string[]; readonly critique: string | null } {
  const origins = arm.statements.flatMap((index) => pool.statements[index]?.origins ?? []);
  const critiques = [...new Set(origins.map(({ critique }) => critique).filter((text) => text !== ''))];
  return {
    evidence: [...new Set(origins.flatMap(({ rollouts }) => rollouts))],
    critique: critiques.length === 0 ? null : critiques.slice(0, MOST_CRITIQUES).join('\n'),
  };
}

const MOST_CRITIQUES = 50;

/** Paired differences of rewards, by task. */
function differences(before: readonly ScoredRollout[], after: readonly ScoredRollout[]): readonly number[] {
  return after.flatMap((scored, index) => {
    const old = before[index];
    const [a, b] = [old === undefined ? undefined : rewardOf(old), rewardOf(scored)];
    return a === undefined || b === undefined ? [] : [b - a];
  });
}

/** P(mean difference > 0) when a normal belief from training meets the paired validation differences. */
function chanceAbove(paired: readonly number[], believed: Belief): number {
  const variance = Math.max(0.3, deviation(paired)) ** 2 / Math.max(1, paired.length);
  const known = paired.length === 0 ? 0 : 1 / variance;
  const precision = known + 1 / believed.deviation ** 2;
  const center =
    ((paired.length === 0 ? 0 : mean(paired)) * known + believed.mean / believed.deviation ** 2) / precision;
  return normalCdf(center * Math.sqrt(precision));
}

/** Abramowitz and Stegun 26.2.17. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    0.3989423 *
    Math.exp((-z * z) / 2) *
    t *
    (0.3193815 + t * (-0.3565638 + t * (1.781478 + t * (-1.821256 + t * 1.330274))));
  return z > 0 ? 1 - tail : tail;
}

/** What each statement does in the prompt of an arm, by the model: an effect is a difference in expected reward. */
function explain({ pool, model }: State, arm: Arm): Outcome['explanation'] {
  const reached = model.value(arm, model.mean);
  return {
    statements: arm.statements.map((index) => {
      const statement = pool.statements[index];
      const without = model.value(
        { ...arm, statements: arm.statements.filter((other) => other !== index) },
        model.mean,
      );
      const effect = reached - without;
      const { mean: own, deviation: spread } = model.effect(index);
      // Relative uncertainty of the statement's own effect, carried over to what it does to the reward.
      const half = Math.abs(effect) * Math.min(3, (1.96 * spread) / Math.max(0.1, Math.abs(own)));
      return {
        text: statement?.text ?? '',
        effect,
        interval: [effect - half, effect + half],
        removalCost: effect,
        origin: statement?.origins[0] ?? { operator: 'start', critique: '', rollouts: [] },
      };
    }),
  };
}
