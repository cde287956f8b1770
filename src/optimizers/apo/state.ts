import type { Prompt } from '../../core/prompt.ts';
import { rewardOf, type ScoredRollout } from '../../core/rollout.ts';
import { statementsOf } from '../../core/statements.ts';
import { deviation, mean, normalCdf } from '../../core/statistics.ts';
import { expectedAnswers, type Task } from '../../core/task.ts';
import type { OptimizerContext, Trial } from '../optimizer.ts';
import type { Arm } from './arm.ts';
import type { Climb, Whole } from './climb.ts';
import { trainedText, withTrainedText } from './component.ts';
import { type EffectModel, fitModel } from './model.ts';
import type { Pool } from './pool.ts';
import type { ApoOptions } from './settings.ts';
import { type Outcome, showsParts, type Units, wholeTasks } from './units.ts';

/** A rollout on a training task, with the arm that its prompt was made from. */
export type Record = {
  readonly prompt: Prompt;
  readonly arm: Arm;
  readonly task: number;
  readonly scored: ScoredRollout;
  readonly reward: number;
  readonly outcome: Outcome;
};

/** What the search knows. All of it is rebuilt by replay. */
export type State = {
  readonly context: OptimizerContext;
  readonly settings: ApoOptions;
  readonly pool: Pool;
  readonly records: Record[];
  units: Units;
  /** How often a critic was shown a failure of a kind. */
  readonly shown: Map<number, number>;
  /** How often a critic has read a rollout, by id. */
  readonly read: Map<string, number>;
  /** Calls to critics so far: tells equal requests apart. */
  critiques: number;
  /** Training tasks in a fixed random order, and the next of them. */
  readonly order: readonly number[];
  position: number;
  model: EffectModel;
  /** Statements that were shown to help, with their place in that order. */
  readonly proven: Map<number, number>;
  /** The next unused sample of each task under a prompt. */
  readonly fresh: (prompt: Prompt, tasks: readonly Task[]) => Trial[];
  /** Whole prompts, the other way to a better one. */
  readonly climb: Climb;
  /** Worth of the rollouts of the search over statements on tasks drawn at random, in order of time. */
  readonly searched: number[];
};

/** Rollouts that `lately` means. */
const WINDOW = 12;

/** Mean worth of the statements' rollouts on random tasks lately. */
export function valueOfStatements({ searched }: State): number {
  return mean(searched.slice(-WINDOW));
}

/** Where no advice, and where all of it, shares words with its tasks; chosen by bench/VARIANTS.md. */
const CAUTION = { least: -0.1, most: 0.4 } as const;

/**
 * What the whole prompts have to be ahead by. Where most advice shares words with the tasks that it concerns, the model can
 * tell what each statement does, and gets better the longer it is searched; where hardly any does, it cannot.
 */
function cautionOf(state: State): number {
  const { pool } = state;
  const proposed = pool.statements.filter(({ origins }) => origins[0]?.operator !== 'start');
  const specific = proposed.filter(({ index }) => pool.concern(index).main >= 0).length;
  const share = proposed.length === 0 ? 0.5 : specific / proposed.length;
  return CAUTION.least + (CAUTION.most - CAUTION.least) * share * patienceWith(state);
}

/** Rollouts whose mean is compared with that of up to twice as many before. */
const SPAN = 16;
/** Worth from which on statements may stand still: what is missing is hard for every way. */
const CONTENT = 2 / 3;
/** Of a standard error, where all rewards are equal. */
const LEAST_DOUBT = 0.02;

/**
 * 1 while the statements get better or do well, down to 0 when they stand still at nothing: then what they lack is no other
 * statement (a form of the whole prompt, for instance), however well the model can tell them apart.
 */
function patienceWith({ searched }: State): number {
  const now = searched.slice(-SPAN);
  const before = searched.slice(-3 * SPAN, -SPAN);
  if (before.length < SPAN) return 1;
  const doubt = Math.hypot(...[now, before].map((worths) => deviation(worths) / Math.sqrt(worths.length)));
  const standsStill = 1 - normalCdf((mean(now) - mean(before)) / Math.max(LEAST_DOUBT, doubt));
  return 1 - standsStill * Math.max(0, 1 - mean(now) / CONTENT);
}

/**
 * By how much the best whole prompt is believed to do better on random tasks than the statements have lately. Only prompts
 * that ran on tasks they were not chosen for: what was just accepted is more lucky than good.
 */
export function leadOfClimb(state: State): number {
  const best = state.climb.ranking().find(({ proven }) => proven > 0);
  return (best?.value ?? Number.NaN) - valueOfStatements(state) - cautionOf(state);
}

/** The best prompt that a step made. */
export function bestWhole({ climb }: State): Whole | undefined {
  return climb.ranking().find(({ origin }) => origin !== undefined);
}

export function remember(state: State, prompt: Prompt, arm: Arm, task: number, scored: ScoredRollout): void {
  const reward = rewardOf(scored);
  if (reward === undefined) return;
  const outcome = state.units.outcome(task, scored.rollout.answer, reward);
  state.records.push({ prompt, arm, task, scored, reward, outcome });
}

/** Of a reward, what all parts of the expected answer count beside it. */
const PARTS_SHARE = 0.5;
/** The same of an answer that is the expected one to the letter: graders let quotation marks and the like pass. */
const LETTER_SHARE = 0.25;

/**
 * What a rollout is worth when prompts are compared on a few tasks, 0..1: mostly its reward, and the share of the expected
 * answer's parts that it has, which tells progress before the whole is right. Undefined without a reward.
 */
export function worthOf({ units, context }: State, task: number, scored: ScoredRollout): number | undefined {
  const reward = rewardOf(scored);
  if (reward === undefined) return undefined;
  const { parts } = units.outcome(task, scored.rollout.answer, reward);
  const asked = context.train[task];
  const right = asked === undefined ? [] : expectedAnswers(asked);
  const isLiteral = right.some((answer) => answer.trim() === scored.rollout.answer.trim());
  const sum = reward + PARTS_SHARE * (parts.length === 0 ? reward : mean(parts)) + (isLiteral ? LETTER_SHARE : 0);
  return sum / (1 + PARTS_SHARE + LETTER_SHARE);
}

export function refit(state: State): void {
  const { pool, records, context } = state;
  const seen = records.map(({ task, scored, reward }) => ({ task, answer: scored.rollout.answer, reward }));
  if (state.units.mode === 'parts' && !showsParts(state.units, seen)) {
    state.units = wholeTasks(context.train);
    pool.use(state.units);
    state.shown.clear();
    const { units } = state;
    records.splice(
      0,
      records.length,
      ...records.map((record) => ({
        ...record,
        outcome: units.outcome(record.task, record.scored.rollout.answer, record.reward),
      })),
    );
    state.model = fitModel(pool, units, records);
    return;
  }
  const best = state.model.bestArm(state.model.mean);
  const experiments = records.map((record) => ({ ...record, weight: weightOf(record.arm, best) }));
  state.model = fitModel(pool, state.units, experiments, state.model.start);
  rankProven(state);
}

/** Rollouts of prompts that are far from the present best tell less about it: statements may need each other. */
function weightOf(arm: Arm, best: Arm): number {
  const wanted = new Set(best.statements);
  const common = arm.statements.filter((statement) => wanted.has(statement)).length;
  const all = arm.statements.length + best.statements.length - common;
  return LEAST_WEIGHT + (1 - LEAST_WEIGHT) * (all === 0 ? 1 : common / all);
}

const LEAST_WEIGHT = 0.5;

export function startArm({ frames }: Pool): Arm {
  return { frame: 0, statements: frames[0]?.pieces.flatMap(({ statement }) => statement ?? []) ?? [] };
}

/** A whole prompt as the model sees it. */
export function armOf({ pool }: State, prompt: Prompt): Arm {
  const origin = { operator: 'editor', critique: '', rollouts: [] };
  const fixedTexts = pool.statements.filter((statement) => statement.fixed).map(({ text }) => text);
  const own = statementsOf(trainedText(prompt))
    .filter((text) => !fixedTexts.some((fixed) => fixed.includes(text)))
    .map((text) => pool.find(text) ?? pool.add(text, [], origin));
  const fixed = pool.statements.filter((statement) => statement.fixed).map(({ index }) => index);
  return { frame: 0, statements: [...new Set([...own, ...fixed])].sort((a, b) => a - b) };
}

/** Expected reward that a sentence of the user may cost before it counts as harmful. */
const TOLERATED = 0.02;
/** The same of the text around the statements: what is wrong with a sentence in it, the model may first put down to it. */
const TOLERATED_OF_FRAME = 0.05;

/**
 * The arm with the user's own statements in it, unless they are believed to do harm: what no task of the dataset asks for may
 * still matter, and a prompt that has quietly lost it would not be one to put into production.
 */
export function withOwnStatements(state: State, arm: Arm): Arm {
  const { pool, model } = state;
  const meanings = new Set(arm.statements.map((statement) => pool.statements[statement]?.meaning));
  let kept = { ...arm, frame: 0 };
  let worth = model.value(kept, model.mean);
  if (worth < model.value(arm, model.mean) - TOLERATED_OF_FRAME) return arm;
  for (const own of startArm(pool).statements) {
    if (meanings.has(pool.statements[own]?.meaning)) continue;
    const longer = { ...kept, statements: [...kept.statements, own].sort((a, b) => a - b) };
    const value = model.value(longer, model.mean);
    if (value < worth - TOLERATED && isSureOfHarm(state, longer, kept)) continue;
    kept = longer;
    worth = value;
  }
  return kept;
}

const HARM_DRAWS = 20;
/** Share of the draws in which a sentence of the user has to do harm to be left out. */
const SURE_OF_HARM = 0.6;

function isSureOfHarm({ context, model }: State, longer: Arm, arm: Arm): boolean {
  const harmful = Array.from({ length: HARM_DRAWS }, (_, index) => {
    const effects = model.draw(context.random('harm', index), 1);
    return model.value(longer, effects) < model.value(arm, effects);
  }).filter(Boolean);
  return harmful.length >= SURE_OF_HARM * HARM_DRAWS;
}

/** The prompt of an arm: statements in the order in which they were proven, the others last. */
export function promptOf({ pool, context, proven }: State, arm: Arm): Prompt {
  const rank = (statement: number): number => proven.get(statement) ?? proven.size + statement;
  const statements = [...arm.statements].sort((a, b) => rank(a) - rank(b));
  return withTrainedText(context.start, pool.render({ ...arm, statements }));
}

/** The arm without as many of its weakest statements as the gate objects to; the start when nothing else is left. */
export function admissible(state: State, arm: Arm): Arm {
  const { context, pool, model } = state;
  const isRejected = (candidate: Arm): boolean =>
    context.reject(promptOf(state, candidate), context.start) !== undefined;
  if (!isRejected(arm)) return arm;
  const weakestFirst = arm.statements
    .filter((index) => pool.statements[index]?.fixed === false)
    .map((index) => ({ index, effect: model.effect(index).mean }))
    .sort((a, b) => a.effect - b.effect);
  let rest = arm;
  for (const { index } of weakestFirst) {
    rest = { ...rest, statements: rest.statements.filter((other) => other !== index) };
    if (!isRejected(rest)) return rest;
  }
  return startArm(pool);
}

/** Statements of which the model has become sure keep the place that they had among the others. */
function rankProven({ pool, model, proven }: State): void {
  for (const { index } of pool.statements) {
    if (proven.has(index)) continue;
    const { mean, deviation } = model.effect(index);
    if (mean - deviation > 0.5) proven.set(index, proven.size);
  }
}

/** How often each statement was in a prompt that met or missed each kind. */
export function countTests({ pool, records, units }: State): readonly Map<number, number>[] {
  const counts = pool.statements.map(() => new Map<number, number>());
  for (const { arm, task } of records) {
    for (const statement of arm.statements) {
      const own = counts[statement];
      for (const kind of units.ofTask[task] ?? []) own?.set(kind, (own.get(kind) ?? 0) + 1);
    }
  }
  return counts;
}
