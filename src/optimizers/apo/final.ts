import type { Prompt } from '../../core/prompt.ts';
import type { ScoredRollout } from '../../core/rollout.ts';
import { deviation, mean } from '../../core/statistics.ts';
import type { Task } from '../../core/task.ts';
import type { EndReason, OptimizerContext, Outcome } from '../optimizer.ts';
import { pairedDifferences } from '../shared/scores.ts';
import type { Whole } from './climb.ts';
import { trainedText } from './component.ts';
import type { Arm } from './pool.ts';
import { statementsOf } from './split.ts';
import {
  admissible,
  armOf,
  bestWhole,
  leadOfClimb,
  promptOf,
  type State,
  startArm,
  withOwnStatements,
  worthOf,
} from './state.ts';

/** Chance that the new prompt is better than the start from which on it is returned. */
const SURE_ENOUGH = 0.8;
/** Added to the deviation of the gain that training makes one believe in: a model is never quite right. */
const MODEL_DOUBT = 0.05;
const DRAWS = 60;

/**
 * The end of a run: the prompt that the model believes in and the starting prompt, both on validation tasks that nothing
 * has touched. The new prompt is returned only when it is better with {@link SURE_ENOUGH}; what training says counts too,
 * with its uncertainty doubled.
 * @param rollouts kept for the validation tasks
 * @param duelTasks training tasks that the prompts of both ways are compared on before; 0 where nothing was kept for it
 */
export async function finish(state: State, rollouts: number, duelTasks: number, reason: EndReason): Promise<Outcome> {
  const { context, pool } = state;
  const contender = await contenderOf(state, duelTasks);
  const { prompt: best, gain, explanation } = contender;
  await addContender(context, contender);
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

/** The prompt that the model believes in. */
function believed(state: State): Contender {
  const { model } = state;
  const arm = admissible(state, withOwnStatements(state, model.bestArm(model.mean)));
  return {
    prompt: promptOf(state, arm),
    operator: 'statements',
    ...originsOf(state, arm),
    gain: gainOf(state, arm),
    explanation: () => explain(state, arm),
  };
}

/** The prompt that leads at present: the model's, or that of the climb. */
export function leaderOf(state: State): Contender {
  const whole = leadOfClimb(state) > 0 ? bestWhole(state) : undefined;
  return whole === undefined ? believed(state) : climbed(state, whole);
}

/** The better one of the model's prompt and that of the climb, by fresh rollouts on the same training tasks. */
async function contenderOf(state: State, duelTasks: number): Promise<Contender> {
  const { context, order } = state;
  if (duelTasks === 0) return leaderOf(state);
  const ours = believed(state);
  const whole = bestWhole(state);
  if (whole === undefined || whole.prompt.id === ours.prompt.id) return ours;
  const theirs = climbed(state, whole);
  const tasks = Array.from({ length: duelTasks }, () => order[state.position++ % order.length] as number);
  const run = (prompt: Prompt) => {
    const trials = state.fresh(
      prompt,
      tasks.map((task) => context.train[task] as Task),
    );
    const { iterations: iteration } = context;
    return context.evaluate(prompt, trials, { iteration, split: 'train', label: 'statements against whole prompts' });
  };
  await addContender(context, ours);
  const worth = (scored: readonly ScoredRollout[]): number =>
    mean(scored.flatMap((one, index) => worthOf(state, tasks[index] as number, one) ?? []));
  const [first, second] = [worth(await run(theirs.prompt)), worth(await run(ours.prompt))];
  return first > second ? theirs : ours;
}

function addContender(context: OptimizerContext, { prompt, operator, critique, evidence }: Contender): Promise<void> {
  return context.addCandidate({
    prompt,
    parents: [context.start.id],
    iteration: context.iterations,
    operator,
    critique,
    evidence,
    rejected: null,
  });
}

function climbed(state: State, best: Whole): Contender {
  const { climb, context } = state;
  const proposals = climb.lineage(best.prompt).flatMap((ascent) => ascent.proposals);
  const start = climb.ranking().find(({ prompt }) => prompt.id === context.start.id) as Whole;
  return {
    prompt: best.prompt,
    operator: 'climb',
    critique: [...new Set(proposals.map(({ critique }) => critique))].slice(0, MOST_CRITIQUES).join('\n') || null,
    evidence: [...new Set(proposals.flatMap(({ rollouts }) => rollouts))],
    gain: {
      mean: best.value - start.value,
      deviation: Math.sqrt(0.25 / Math.max(1, best.weight) + 0.25 / Math.max(1, start.weight)) + MODEL_DOUBT,
    },
    explanation: () => explainClimb(state, best),
  };
}

/** What a run that is stopped from outside ends with: the contender where training alone shows it to be better. */
export function bestShown(state: State): Prompt {
  const { prompt, gain } = leaderOf(state);
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
 * What each statement of a climbed prompt does: what came in by a step as far as its trial showed (a step's statements came
 * together, so each has an equal share of the difference, with the interval of a mean), the others by the model.
 */
function explainClimb(state: State, { prompt }: Whole): Outcome['explanation'] {
  const ascents = state.climb.lineage(prompt);
  const own = new Set(statementsOf(trainedText(state.context.start)));
  const modelled = effectsIn(state, armOf(state, prompt));
  return {
    statements: statementsOf(trainedText(prompt)).map((text) => {
      const ascent = ascents.find((one) => statementsOf(trainedText(one.prompt)).includes(text));
      const index = state.pool.find(text);
      const known = modelled.find(({ statement }) => statement === index);
      if (known !== undefined && (own.has(text) || ascent === undefined)) return { ...known.explained, text };
      if (ascent === undefined) return { text, effect: null, interval: null, removalCost: null, origin: START };
      const before = new Set(statementsOf(trainedText(ascent.parent)));
      const together = statementsOf(trainedText(ascent.prompt)).filter((other) => !before.has(other)).length;
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
function explain(state: State, arm: Arm): Outcome['explanation'] {
  return { statements: effectsIn(state, arm).map(({ explained }) => explained) };
}

function effectsIn({ pool, model }: State, arm: Arm) {
  const reached = model.value(arm, model.mean);
  return arm.statements.map((statement) => {
    const known = pool.statements[statement];
    const without = { ...arm, statements: arm.statements.filter((other) => other !== statement) };
    const effect = reached - model.value(without, model.mean);
    const { mean: own, deviation: spread } = model.effect(statement);
    // Relative uncertainty of the statement's own effect, carried over to what it does to the reward.
    const half = Math.abs(effect) * Math.min(3, (1.96 * spread) / Math.max(0.1, Math.abs(own)));
    return {
      statement,
      explained: {
        text: known?.text ?? '',
        effect,
        interval: [effect - half, effect + half],
        removalCost: effect,
        origin: known?.origins[0] ?? START,
      },
    };
  });
}
