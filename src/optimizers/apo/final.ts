import type { Prompt } from '../../core/prompt.ts';
import { deviation, mean } from '../../core/statistics.ts';
import type { EndReason, Outcome } from '../optimizer.ts';
import { pairedDifferences } from '../shared/scores.ts';
import { trainedText } from './component.ts';
import type { Arm } from './pool.ts';
import { statementsOf } from './split.ts';
import { admissible, leadOfClimb, promptOf, type State, startArm, withOwnStatements } from './state.ts';

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
  const { context, pool } = state;
  const { prompt: best, operator, critique, evidence, gain, explanation } = contenderOf(state);
  await context.addCandidate({
    prompt: best,
    parents: [context.start.id],
    iteration: context.iterations,
    operator,
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
  const unchanged = (): Outcome['explanation'] => explain(state, startArm(pool));
  if (isStart) return { best: context.start, baseline, final: baseline, reason, explanation: unchanged() };
  const final = await context.evaluate(best, trials, purpose);
  const isBetter = chanceAbove(pairedDifferences(baseline, final), gain) >= SURE_ENOUGH;
  return {
    best: isBetter ? best : context.start,
    baseline,
    final: isBetter ? final : baseline,
    reason,
    explanation: isBetter ? explanation() : unchanged(),
  };
}

type Contender = {
  readonly prompt: Prompt;
  readonly operator: string;
  readonly critique: string | null;
  readonly evidence: readonly string[];
  /** Over the start, as training makes one believe. */
  readonly gain: Belief;
  readonly explanation: () => Outcome['explanation'];
};

/** The prompt that is compared with the start: the model's, or that of the climb when it leads. */
function contenderOf(state: State): Contender {
  const { model, climb } = state;
  if (leadOfClimb(state) > 0 && climb.ascents.length > 0) return climbed(state);
  const arm = admissible(state, withOwnStatements(state, model.bestArm(model.mean)));
  return {
    prompt: promptOf(state, arm),
    operator: 'statements',
    ...originsOf(state, arm),
    gain: gainOf(state, arm),
    explanation: () => explain(state, arm),
  };
}

function climbed(state: State): Contender {
  const { prompt, ascents, rewards } = state.climb;
  const proposals = ascents.flatMap((ascent) => ascent.proposals);
  const recent = rewards.slice(-CLIMB_WINDOW);
  const first = rewards.slice(0, CLIMB_WINDOW);
  return {
    prompt,
    operator: 'climb',
    critique: [...new Set(proposals.map(({ critique }) => critique))].slice(0, MOST_CRITIQUES).join('\n') || null,
    evidence: [...new Set(proposals.flatMap(({ rollouts }) => rollouts))],
    gain: {
      mean: mean(recent) - mean(first),
      deviation: Math.sqrt(0.25 / recent.length + 0.25 / first.length) + MODEL_DOUBT,
    },
    explanation: () => explainClimb(state),
  };
}

/** Rewards at the beginning and the end of a climb that are compared. */
const CLIMB_WINDOW = 12;

/** What a run that is stopped from outside ends with: the contender where training alone shows it to be better. */
export function bestShown(state: State): Prompt {
  const { prompt, gain } = contenderOf(state);
  return chanceAbove([], gain) >= 0.95 ? prompt : state.context.start;
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

/**
 * What each statement of a climbed prompt does, as far as its trial showed: a step's statements came together, so each has an
 * equal share of the difference, with the interval of a mean.
 */
function explainClimb({ context, climb: { prompt, ascents }, pool }: State): Outcome['explanation'] {
  const own = new Set(statementsOf(trainedText(context.start)));
  return {
    statements: statementsOf(trainedText(prompt)).map((text) => {
      const ascent = ascents.find((one) => statementsOf(trainedText(one.prompt)).includes(text));
      if (own.has(text) || ascent === undefined) {
        // What is neither was among the statements that a step set out from.
        const origin = pool.statements.find((one) => one.text === text)?.origins[0] ?? START;
        return { text, effect: null, interval: null, removalCost: null, origin };
      }
      const known = new Set(statementsOf(trainedText(ascent.parent)));
      const together = statementsOf(trainedText(ascent.prompt)).filter((other) => !known.has(other)).length;
      const effect = mean(ascent.differences) / Math.max(1, together);
      const half = (1.96 * Math.max(0.3, deviation(ascent.differences))) / Math.sqrt(ascent.differences.length);
      const proposal = ascent.proposals.find((one) => one.text === text) ?? ascent.proposals[0];
      return {
        text,
        effect,
        interval: [effect - half, effect + half],
        removalCost: effect,
        origin: {
          operator: proposal?.operator ?? 'editor',
          critique: proposal?.critique ?? '',
          rollouts: proposal?.rollouts ?? [],
        },
      };
    }),
  };
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

const START = { operator: 'start', critique: '', rollouts: [] } as const;

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
        origin: statement?.origins[0] ?? START,
      };
    }),
  };
}
