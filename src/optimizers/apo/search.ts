import { allInOrder } from '../../core/async.ts';
import { type Prompt, placeholdersOf } from '../../core/prompt.ts';
import { mean } from '../../core/statistics.ts';
import type { EndReason, OptimizerContext, Outcome, Trial } from '../optimizer.ts';
import { addStart } from '../shared/proposal.ts';
import { headline } from '../shared/reply.ts';
import { rewardsOf } from '../shared/scores.ts';
import { createFreshTrials } from '../shared/trials.ts';
import { adopt, criticise } from './advice.ts';
import type { Arm } from './arm.ts';
import { type ClimbStep, createClimb } from './climb.ts';
import { trainedText, withTrainedText } from './component.ts';
import { bestShown, finish, leaderOf } from './final.ts';
import { findGaps } from './gaps.ts';
import { fitModel } from './model.ts';
import { createPool } from './pool.ts';
import type { Proposal } from './proposal.ts';
import { type ApoOptions, duelTasksOf, finalRollouts } from './settings.ts';
import {
  admissible,
  armOf,
  bestWhole,
  countTests,
  leadOfClimb,
  promptOf,
  refit,
  remember,
  type State,
  startArm,
  valueOfStatements,
  withOwnStatements,
  worthOf,
} from './state.ts';
import { chooseTasks } from './tasks.ts';
import { answerParts } from './units.ts';

export async function search(settings: ApoOptions, context: OptimizerContext, planned: number): Promise<Outcome> {
  const state = begin(settings, context);
  await addStart(context);
  context.keep({ best: context.start, baseline: [], final: [] });
  const kept = finalRollouts(settings, planned, context.val.length);
  const duelTasks = duelTasksOf(settings, planned, context.train.length);
  const searchRollouts = Math.max(0, planned - kept - 2 * duelTasks);
  let spent = 0;
  let reported = 0;
  let reportedPrompt = context.start;
  let rewards: readonly number[] = [];
  let lastCritique = '';
  let reason: EndReason = 'budget';

  // Less than planned is left where a resumed run had to leave the way that it paid for.
  const left = (): number => Math.min(searchRollouts - spent, context.remainingRollouts() - kept - 2 * duelTasks);

  for (let round = 1; settings.stepTasks <= left(); round++) {
    const iteration = iterationOf(spent, searchRollouts, context.iterations);
    const isClimb = 2 * settings.wholePromptTasks <= left() && isClimbing(state, round);
    const found = await (isClimb ? climbOn(state, iteration) : searchOn(state, round, iteration, left()));
    spent += found.rollouts;
    rewards = [...rewards, ...found.rewards];
    refit(state);
    lastCritique = headline(found.proposals[0]?.critique ?? lastCritique);
    if (!isClimb) reason = endOf(state, round) ?? reason;
    const ended = iterationOf(spent, searchRollouts, context.iterations);
    if (ended > reported) {
      const best = (leadOfClimb(state) > 0 ? bestWhole(state)?.prompt : undefined) ?? promptOf(state, bestArm(state));
      const score = mean(rewards);
      context.report({ iteration: ended, previous: reportedPrompt, best, score, critique: lastCritique });
      reported = ended;
      reportedPrompt = best;
      rewards = [];
      const leader = leaderOf(state);
      context.keep({ best: bestShown(state, leader), contender: leader.prompt, baseline: [], final: [] });
    }
    if (reason !== 'budget') break;
  }
  return finish(state, kept, duelTasks, reason);
}

/** What one round gave. */
type Found = {
  readonly rollouts: number;
  readonly rewards: readonly number[];
  readonly proposals: readonly Proposal[];
};

/** A round of the search over statements. */
async function searchOn(state: State, round: number, iteration: number, rollouts: number): Promise<Found> {
  const { context } = state;
  const steps = chooseSteps(state, round, rollouts);
  const results = await allInOrder(
    steps.map(({ prompt, trials }) =>
      context.evaluate(prompt, trials, { iteration, split: 'train', label: `round ${round}` }),
    ),
  );
  steps.forEach(({ arm, prompt, tasks, random }, step) => {
    results[step]?.forEach((scored, index) => {
      remember(state, prompt, arm, tasks[index] as number, scored);
      const worth = worthOf(state, tasks[index] as number, scored);
      if (index < random && worth !== undefined) state.searched.push(worth);
    });
  });
  refit(state);
  const proposals = await criticise(state);
  adopt(state, proposals);
  const rewards = rewardsOf(results.flat());
  return { rollouts: results.flat().length, rewards, proposals };
}

function bestArm(state: State): Arm {
  return admissible(state, state.model.bestArm(state.model.mean));
}

function iterationOf(spent: number, total: number, iterations: number): number {
  return Math.min(iterations, Math.max(1, Math.floor((spent / Math.max(1, total)) * iterations)));
}

function begin(settings: ApoOptions, context: OptimizerContext): State {
  const units = answerParts(context.train);
  const pool = createPool(context.train, units);
  const start = trainedText(context.start);
  // What the gate does not let go (placeholders, protected texts) stands in every prompt.
  const isNeeded = (raw: string): boolean => {
    const without = start.replace(raw, () => '').trim();
    const prompt = withTrainedText(context.start, without === '' ? '-' : without);
    return context.reject(prompt, context.start) !== undefined;
  };
  pool.addFrame(
    start,
    { operator: 'start', critique: '', rollouts: [] },
    ({ text, raw }) => placeholdersOf(raw).length > 0 || text.startsWith('```') || isNeeded(raw),
  );
  const isLone = pool.statements.filter(({ fixed }) => !fixed).length < 2;
  if (!isLone) pool.addBareFrame();
  const order = context.random('order').shuffle(context.train.map((_task, index) => index));
  const model = fitModel(pool, units, []);
  const fresh = createFreshTrials();
  const state: State = {
    context,
    settings,
    pool,
    units,
    records: [],
    shown: new Map(),
    read: new Map(),
    critiques: 0,
    order,
    position: 0,
    model,
    proven: new Map(),
    fresh,
    climb: createClimb(context, settings.wholePromptTasks, fresh, pool.isSame, (task, scored) =>
      worthOf(state, task, scored),
    ),
    searched: [],
  };
  return state;
}

const PERFECT = 0.999;
/** Rollouts without a single failure after which there is nothing to learn from. */
const FLAWLESS = 40;
/** Expected reward that knowing all effects would add, below which no further step is worth its rollouts. */
const WORTH_A_STEP = 0.004;
/** Critiques without a single usable proposal after which none is to be expected. */
const SILENT_CRITIQUES = 12;
const DRAWS = 6;

/** Why there is no use in going on, or undefined. */
function endOf(state: State, round: number): EndReason | undefined {
  const { records, model, context, settings, order, climb, pool } = state;
  if (leadOfClimb(state) > 0) return undefined;
  const isSilent = climb.all().length === 1 && pool.statements.every(({ origins }) => origins[0]?.operator === 'start');
  if (isSilent && state.critiques >= SILENT_CRITIQUES) return 'stalled';
  if (records.length >= Math.min(FLAWLESS, order.length) && records.every(({ reward }) => reward >= PERFECT))
    return 'ceiling';
  if (round % 4 !== 0 || findGaps(state, 1, settings.groupSize).length > 0) return undefined;
  const best = model.bestArm(model.mean);
  const regrets = Array.from({ length: DRAWS }, (_, index) => {
    const effects = model.draw(context.random('stall', round, index), 1);
    return model.value(model.bestArm(effects), effects) - model.value(best, effects);
  });
  return mean(regrets) < WORTH_A_STEP ? 'stalled' : undefined;
}

/** Rounds in which both ways take turns; after that the one that leads has all but every {@link OTHER}th. */
const TURNS = 6;
const OTHER = 9;

/** Whether this round goes to whole prompts instead of statements. */
function isClimbing(state: State, round: number): boolean {
  if (!state.settings.wholePrompts) return false;
  if (round <= TURNS) return round % 2 === 0;
  return leadOfClimb(state) > 0 !== (round % OTHER === 0);
}

/** A step of the climb; the best statements are offered to it when these lead. */
async function climbOn(state: State, iteration: number): Promise<Found> {
  const { climb } = state;
  if (leadOfClimb(state) < 0) {
    const arm = admissible(state, withOwnStatements(state, state.model.bestArm(state.model.mean)));
    await climb.offer(promptOf(state, arm), valueOfStatements(state), iteration);
  }
  const found = await climb.step(state.critiques++, iteration);
  adopt(state, found.proposals);
  learn(state, found);
  return found;
}

/** Rollouts of whole prompts are evidence on their statements, too. */
function learn(state: State, { parent, before, tasks, trial }: ClimbStep): void {
  const arm = armOf(state, parent);
  for (const { task, scored } of before) remember(state, parent, arm, task, scored);
  if (trial === undefined) return;
  const tried = armOf(state, trial.child);
  trial.after.forEach((scored, index) => {
    remember(state, trial.child, tried, tasks[index] as number, scored);
  });
}

type Step = {
  readonly arm: Arm;
  readonly prompt: Prompt;
  /** The first of them are drawn at random. */
  readonly tasks: readonly number[];
  readonly random: number;
  readonly trials: readonly Trial[];
};

/** Rollouts in which all frames take turns; after that the model chooses. */
const FRAME_TRIAL = 56;

/** Draws prompts from the posterior, each with the tasks it is run on. Until something fails there is nothing to try. */
function chooseSteps(state: State, round: number, rollouts: number): readonly Step[] {
  const { context, settings, pool, model, records } = state;
  const tests = countTests(state);
  const taken = new Map<number, number>();
  const steps: Step[] = [];
  const isFlawless = records.every(({ reward }) => reward >= PERFECT);
  for (let step = 0; step < settings.stepsPerRound; step++) {
    const left = rollouts - steps.reduce((sum, { tasks }) => sum + tasks.length, 0);
    if (left <= 0) break;
    const drawn = model.draw(context.random('draw', round, step), settings.exploration);
    const frame = records.length < FRAME_TRIAL ? step % pool.frames.length : undefined;
    const arm = isFlawless ? startArm(pool) : admissible(state, model.bestArm(drawn, frame));
    const prompt = promptOf(state, arm);
    const random = isFlawless ? settings.stepTasks : Math.ceil(settings.stepTasks / 2);
    const tasks = chooseTasks(state, arm, Math.min(settings.stepTasks, left), random, tests, taken);
    const trials = state.fresh(
      prompt,
      tasks.map((task) => context.train[task] as Trial['task']),
    );
    steps.push({ arm, prompt, tasks, random, trials });
  }
  return steps;
}
