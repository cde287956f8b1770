import { allInOrder } from '../../core/async.ts';
import { createPrompt, type Prompt, placeholdersOf, SYSTEM } from '../../core/prompt.ts';
import { rewardOf } from '../../core/rollout.ts';
import type { OptimizerContext, Outcome, Trial } from '../optimizer.ts';
import type { Evidence } from '../shared/evidence.ts';
import { headline } from '../shared/reply.ts';
import { finish } from './final.ts';
import { fitModel } from './model.ts';
import { type Arm, createPool } from './pool.ts';
import { type Proposal, propose } from './propose.ts';
import type { ApoOptions } from './settings.ts';
import { MODEL, promptOf, type Record, refit, type State } from './state.ts';

export async function search(settings: ApoOptions, context: OptimizerContext, planned: number): Promise<Outcome> {
  const state = begin(settings, context);
  await context.addCandidate({
    prompt: context.start,
    parents: [],
    iteration: 0,
    operator: 'start',
    critique: null,
    evidence: [],
    rejected: null,
  });
  context.keep({ best: context.start, baseline: [], final: [] });
  const finalRollouts = Math.min(
    3 * context.val.length,
    Math.max(2 * Math.min(10, context.val.length), Math.floor(planned * settings.finalShare)),
  );
  const searchRollouts = Math.max(0, planned - finalRollouts);
  const roundSize = settings.stepTasks * settings.stepsPerRound;
  let spent = 0;
  let reported = 0;
  let reportedPrompt = context.start;
  let lastCritique = '';

  for (let round = 1; spent + settings.stepTasks <= searchRollouts; round++) {
    const arms = chooseArms(state, round, Math.min(roundSize, searchRollouts - spent));
    const results = await allInOrder(
      arms.map(({ arm, prompt, trials, tasks }) =>
        context
          .evaluate(prompt, trials, {
            iteration: iterationOf(spent, searchRollouts, context.iterations),
            split: 'train',
            label: `round ${round}`,
          })
          .then((scored) => scored.map((one, index) => ({ arm, task: tasks[index] as number, scored: one }))),
      ),
    );
    spent += arms.reduce((sum, { trials }) => sum + trials.length, 0);
    for (const result of results.flat()) {
      const reward = rewardOf(result.scored);
      if (reward !== undefined) state.records.push({ ...result, reward: reward });
    }
    const proposals = await criticise(state, round);
    lastCritique = headline(proposals[0]?.critique ?? lastCritique);
    adopt(state, proposals);
    refit(state);
    const iteration = iterationOf(spent, searchRollouts, context.iterations);
    if (iteration > reported) {
      const arm = state.model.bestArm(state.model.mean);
      const best = promptOf(state, arm);
      context.report({
        iteration,
        previous: reportedPrompt,
        best,
        score: state.model.value(arm, state.model.mean),
        critique: lastCritique,
      });
      reported = iteration;
      reportedPrompt = best;
    }
  }
  return finish(state, finalRollouts);
}

function iterationOf(spent: number, total: number, iterations: number): number {
  return Math.min(iterations, Math.max(1, Math.floor((spent / Math.max(1, total)) * iterations)));
}

function begin(settings: ApoOptions, context: OptimizerContext): State {
  const pool = createPool(context.train);
  pool.addFrame(
    context.start.components[SYSTEM] ?? '',
    { operator: 'start', critique: '', rollouts: [] },
    ({ text, raw }) => placeholdersOf(raw).length > 0 || text.startsWith('```'),
  );
  const order = context.random('order').shuffle(context.train.map((_task, index) => index));
  const model = fitModel(pool, context.train.length, [], MODEL);
  return { context, settings, pool, records: [], criticised: new Set(), order, position: 0, model };
}

type ChosenArm = {
  readonly arm: Arm;
  readonly prompt: Prompt;
  readonly tasks: readonly number[];
  readonly trials: readonly Trial[];
};

/** Draws prompts from the posterior, each with the tasks it is run on. The first round runs the prompt as it is. */
function chooseArms(state: State, round: number, rollouts: number): readonly ChosenArm[] {
  const { context, settings, pool } = state;
  const chosen: ChosenArm[] = [];
  for (let step = 0; step * settings.stepTasks < rollouts; step++) {
    const startArm: Arm = {
      frame: 0,
      statements: pool.frames[0]?.pieces.flatMap(({ statement }) => statement ?? []) ?? [],
    };
    const arm =
      round === 1
        ? startArm
        : state.model.bestArm(state.model.draw(context.random('draw', round, step), settings.exploration));
    const prompt = promptOf(state, arm);
    const tasks = nextTasks(
      state,
      arm,
      Math.min(settings.stepTasks, rollouts - step * settings.stepTasks),
      round === 1,
    );
    const trials = tasks.map((task) => ({
      task: context.train[task] as Trial['task'],
      sample: state.records.filter((record) => record.task === task && record.scored.rollout.promptId === prompt.id)
        .length,
    }));
    chosen.push({ arm, prompt, tasks, trials });
  }
  return chosen;
}

/** Half of the tasks are the next of the fixed order, half those that the least certain statements of the arm concern. */
function nextTasks(state: State, arm: Arm, count: number, onlyOrder: boolean): readonly number[] {
  const { order, pool, model } = state;
  const tasks: number[] = [];
  const uncertain = onlyOrder
    ? []
    : arm.statements
        .filter((statement) => pool.statements[statement]?.fixed === false)
        .map((statement) => ({ statement, weight: model.uncertainty(statement) }));
  const fromOrder = uncertain.length === 0 ? count : Math.ceil(count / 2);
  while (tasks.length < Math.min(fromOrder, order.length)) {
    const task = order[state.position++ % order.length] as number;
    if (!tasks.includes(task)) tasks.push(task);
  }
  if (tasks.length >= count || uncertain.length === 0) return tasks;
  const seen = new Map<number, number>();
  for (const { task } of state.records) seen.set(task, (seen.get(task) ?? 0) + 1);
  const information = order
    .filter((task) => !tasks.includes(task))
    .map((task) => {
      const chance = model.predict(arm, task, model.mean);
      const stakes = uncertain.reduce(
        (sum, { statement, weight }) => sum + weight * pool.relevance(statement, task) ** 2,
        0,
      );
      return { task, value: (chance * (1 - chance) * stakes) / Math.sqrt(1 + (seen.get(task) ?? 0)) };
    })
    .sort((a, b) => b.value - a.value);
  return [...tasks, ...information.slice(0, count - tasks.length).map(({ task }) => task)];
}

/** Sends groups of unexplained failures to the critic; most of the loss first, alike failures together. */
async function criticise(state: State, round: number): Promise<readonly Proposal[]> {
  const { context, settings, pool, model, records, criticised } = state;
  const best = model.bestArm(model.mean);
  const open = records
    .filter((record) => record.reward < 0.7 && !criticised.has(record.scored.rollout.id) && !isOnTrial(state, record))
    .reverse();
  const rest = open.filter((record, index) => open.findIndex((other) => other.task === record.task) === index);
  const groups: Record[][] = [];
  while (groups.length < 2 && rest.length > 0) groups.push(rest.splice(0, settings.groupSize));
  const replies = await allInOrder(
    groups.map((group, index) => {
      for (const { scored } of group) criticised.add(scored.rollout.id);
      const arm = best;
      return propose(context, {
        parent: promptOf(state, arm),
        prompt: arm.statements.map((statement) => ({ text: pool.statements[statement]?.text ?? '', effect: '' })),
        failures: group.map((record) => evidenceOf(state, record)),
        passes: records
          .filter(({ reward }) => reward > 0.9)
          .slice(-1)
          .map((record) => evidenceOf(state, record)),
        useless: uselessStatements(state),
        sample: round * 10 + index,
      });
    }),
  );
  return replies.flat();
}

/** A failure is explained for now when a statement that was derived from its task has hardly been tried yet. */
function isOnTrial({ pool, records }: State, { task, arm }: Record): boolean {
  return pool.statements.some(({ index, evidence, fixed }) => {
    if (fixed || !evidence.has(task) || arm.statements.includes(index)) return false;
    return (
      records.filter((record) => record.arm.statements.includes(index) && pool.relevance(index, record.task) > 0.5)
        .length < 3
    );
  });
}

function evidenceOf({ context }: State, { task, scored }: Record): Evidence {
  return { task: context.train[task] as Evidence['task'], scored };
}

function uselessStatements({ pool, model, records }: State): readonly string[] {
  const best = new Set(model.bestArm(model.mean).statements);
  return pool.statements
    .filter(({ index, fixed, origins }) => !fixed && !best.has(index) && origins[0]?.operator !== 'start')
    .filter(({ index }) => records.filter(({ arm }) => arm.statements.includes(index)).length >= 8)
    .slice(-10)
    .map(({ text }) => text);
}

function adopt(state: State, proposals: readonly Proposal[]): void {
  const { context, pool, records } = state;
  const taskOf = new Map(records.map(({ scored, task }) => [scored.rollout.id, task]));
  for (const { text, critique, operator, rollouts, removal } of proposals) {
    if (removal || text === '') continue;
    const trial = createPrompt({
      ...context.start.components,
      [SYSTEM]: `${context.start.components[SYSTEM] ?? ''}\n- ${text}`,
    });
    if (context.reject(trial, context.start) !== undefined) continue;
    pool.add(
      text,
      rollouts.flatMap((id) => taskOf.get(id) ?? []),
      { operator, critique, rollouts },
    );
  }
}
