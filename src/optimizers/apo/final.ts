import type { Prompt } from '../../core/prompt.ts';
import { statementsOf } from '../../core/statements.ts';
import { deviation, mean, normalCdf } from '../../core/statistics.ts';
import type { Task } from '../../core/task.ts';
import type { EndReason, OptimizerContext, Outcome } from '../optimizer.ts';
import { pairedDifferences } from '../shared/scores.ts';
import type { Arm } from './arm.ts';
import type { Belief } from './beliefs.ts';
import { trainedText } from './component.ts';
import { type Entry, type Ranking, rankPrompts } from './ranking.ts';
import { admissible, armOf, promptOf, type State, startArm, withOwnStatements, worthOf } from './state.ts';

/** Chance that the new prompt is better than the start from which on it is returned. */
const SURE_ENOUGH = 0.8;
/** The same without any validation task. */
const SHOWN_BETTER = 0.95;
/** Added to the deviation of the gain that training makes one believe in: a model is never quite right. */
const MODEL_DOUBT = 0.05;

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

/** A prompt of statements. */
type Statements = Omit<Contender, 'gain'> & { readonly arm: Arm };

function assembled(state: State, prompt: Prompt, arm: Arm): Statements {
  return { prompt, arm, operator: 'statements', ...originsOf(state, arm), explanation: () => explain(state, arm) };
}

/** The prompt that the model believes in. */
function believed(state: State): Statements {
  const { model } = state;
  const arm = admissible(state, withOwnStatements(state, model.bestArm(model.mean)));
  return assembled(state, promptOf(state, arm), arm);
}

/** The prompt that leads at present: put together by the model, or one that ran. */
export function leaderOf(state: State): Contender {
  const ours = believed(state);
  const ranking = rankPrompts(state);
  ranking.add(ours.prompt, ours.arm);
  return contenderFrom(state, ranking, ours);
}

function contenderFrom(state: State, ranking: Ranking, ours: Statements): Contender {
  const { prompt, arm } = ranking.best(
    (entry) => entry.prompt.id === ours.prompt.id || (entry.rollouts >= PROVEN && isComplete(state, entry)),
  );
  const { mean: gain, deviation: doubt } = ranking.gain(prompt);
  const belief = { mean: gain, deviation: doubt + MODEL_DOUBT };
  if (prompt.id === ours.prompt.id) return { ...ours, gain: belief };
  return { ...(arm === undefined ? climbed(state, prompt) : assembled(state, prompt, arm)), gain: belief };
}

/** Rollouts from which on a prompt's own results are more than luck. */
const PROVEN = 10;

/** Whether a prompt has lost no sentence of the user's without a reason. */
function isComplete(state: State, { prompt, arm }: Entry): boolean {
  return arm === undefined || promptOf(state, withOwnStatements(state, arm)).id === prompt.id;
}

/** The prompt that is believed to be the best, after what the model puts together and the best other have met on training tasks. */
async function contenderOf(state: State, duelTasks: number): Promise<Contender> {
  if (duelTasks === 0) return leaderOf(state);
  const { context, order } = state;
  const ours = believed(state);
  const ranking = rankPrompts(state);
  const other = ranking.surest((entry) => entry.prompt.id !== ours.prompt.id && isComplete(state, entry));
  ranking.add(ours.prompt, ours.arm);
  await addContender(context, ours);
  if (other.prompt.id === ours.prompt.id) return contenderFrom(state, ranking, ours);
  const tasks = Array.from({ length: duelTasks }, () => order[state.position++ % order.length] as number);
  for (const prompt of [other.prompt, ours.prompt]) {
    const trials = state.fresh(
      prompt,
      tasks.map((task) => context.train[task] as Task),
    );
    const { iterations: iteration } = context;
    const purpose = { iteration, split: 'train', label: 'the best prompts on the same tasks' } as const;
    const scored = await context.evaluate(prompt, trials, purpose);
    scored.forEach((one, index) => {
      const task = tasks[index] as number;
      ranking.observe(prompt, task, worthOf(state, task, one));
    });
  }
  return contenderFrom(state, ranking, ours);
}

function addContender(
  context: OptimizerContext,
  { prompt, operator, critique, evidence }: Omit<Contender, 'gain'>,
): Promise<void> {
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

function climbed(state: State, prompt: Prompt): Omit<Contender, 'gain'> {
  const proposals = state.climb.lineage(prompt).flatMap((ascent) => ascent.proposals);
  return {
    prompt,
    operator: 'climb',
    critique: [...new Set(proposals.map(({ critique }) => critique))].slice(0, MOST_CRITIQUES).join('\n') || null,
    evidence: [...new Set(proposals.flatMap(({ rollouts }) => rollouts))],
    explanation: () => explainClimb(state, prompt),
  };
}

/** What a run that is stopped from outside ends with: the contender where training alone shows it to be better. */
export function bestShown(state: State, { prompt, gain }: Contender): Prompt {
  return chanceAbove([], gain) >= SHOWN_BETTER ? prompt : state.context.start;
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
 * What each statement of a climbed prompt does: what came in by a step as its edit's gain is believed to be (a step's
 * statements came together, so each has an equal share of it), the others by the model.
 */
function explainClimb(state: State, prompt: Prompt): Outcome['explanation'] {
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
      const gain = state.climb.belief(ascent.prompt, ascent.parent);
      const effect = gain.mean / Math.max(1, together);
      const half = 1.96 * gain.deviation;
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

const START = { operator: 'start', critique: '', rollouts: [] } as const;

/** Draws from the posterior that an interval is made of. */
const EXPLAINING_DRAWS = 50;

/** What each statement does in the prompt of an arm, by the model: an effect is a difference in expected reward. */
function explain(state: State, arm: Arm): Outcome['explanation'] {
  return { statements: effectsIn(state, arm).map(({ explained }) => explained) };
}

/** null: no rollout was made without the statement, so that nothing tells what it does. */
function effectsIn({ pool, model, records, context }: State, arm: Arm) {
  const draws = Array.from({ length: EXPLAINING_DRAWS }, (_, index) => model.draw(context.random('explain', index), 1));
  const worths = draws.map((effects) => model.value(arm, effects));
  const reached = model.value(arm, model.mean);
  const spreadOf = (without: Arm): number =>
    deviation(draws.map((effects, index) => (worths[index] as number) - model.value(without, effects)));
  return arm.statements.map((statement) => {
    const { text = '', origins = [] } = pool.statements[statement] ?? {};
    const isMeasured = records.some((record) => !record.arm.statements.includes(statement));
    const without = { ...arm, statements: arm.statements.filter((other) => other !== statement) };
    const effect = isMeasured ? reached - model.value(without, model.mean) : null;
    return {
      statement,
      explained: {
        text,
        effect,
        interval: effect === null ? null : around(effect, 1.96 * spreadOf(without)),
        removalCost: effect,
        origin: origins[0] ?? START,
      },
    };
  });
}

function around(center: number, half: number): readonly [number, number] {
  return [center - half, center + half];
}
