import type { Random } from '../../core/random.ts';
import {
  type Effect,
  type Feature,
  fitEffects,
  type Observation,
  type Posterior,
  type Prior,
  type Start,
} from './effects.ts';
import type { Arm, Pool } from './pool.ts';

/** A graded rollout, as the effect model sees it. */
export type Experiment = { readonly arm: Arm; readonly task: number; readonly reward: number };

export type ModelOptions = {
  readonly overall: Prior;
  readonly relevance: Prior;
  /** How far wordings of one meaning may differ. */
  readonly wording: Prior;
  readonly wordingRelevance: Prior;
  readonly frame: Prior;
  /** Overall effect of a statement that stood in the starting prompt. */
  readonly kept: Prior;
  /** Of tasks, beyond what the statements explain. */
  readonly taskDeviation: number;
};

/**
 * What each statement does, learned from every rollout: the reward as a logistic function of an intercept, the task's
 * difficulty, the frame, and per statement an overall effect and one times its relevance to the task.
 */
export type EffectModel = {
  /** The arm with the greatest expected reward over the training tasks under the given effects. */
  bestArm(effects: Float64Array): Arm;
  /** A draw from the posterior (Thompson sampling). */
  draw(random: Random, scale: number): Float64Array;
  readonly mean: Float64Array;
  /** Where the next fit starts. */
  readonly start: Start;
  /** Expected reward of an arm on a task under the given effects. */
  predict(arm: Arm, task: number, effects: Float64Array): number;
  /** Mean of `predict` over the training tasks. */
  value(arm: Arm, effects: Float64Array): number;
  /** Posterior standard deviation of a statement's overall effect. */
  uncertainty(statement: number): number;
};

const INTERCEPT: Prior = { mean: 0, deviation: 2 };

export function fitModel(
  pool: Pool,
  taskCount: number,
  experiments: readonly Experiment[],
  options: ModelOptions,
  start?: Start,
): EffectModel {
  const all: Effect[] = [{ name: 'intercept', prior: INTERCEPT }];
  const allocate = (name: string, prior: Prior): number => all.push({ name, prior }) - 1;
  const frameEffects = pool.frames.map((frame) =>
    frame.index === 0 ? -1 : allocate(`frame ${frame.index}`, options.frame),
  );
  const fromStart = new Set(
    pool.frames[0]?.pieces.flatMap(({ statement }) =>
      statement === undefined ? [] : [pool.statements[statement]?.meaning ?? -1],
    ),
  );
  const meaningEffects = pool.meanings.map((_members, meaning) => ({
    overall: allocate(`meaning ${meaning}`, fromStart.has(meaning) ? options.kept : options.overall),
    relevance: allocate(`meaning ${meaning} relevance`, options.relevance),
  }));
  const wordingEffects = pool.statements.map((statement) =>
    (pool.meanings[statement.meaning]?.length ?? 0) > 1
      ? {
          overall: allocate(`wording ${statement.index}`, options.wording),
          relevance: allocate(`wording ${statement.index} relevance`, options.wordingRelevance),
        }
      : undefined,
  );

  function featuresOf(statement: number, task: number): Feature[] {
    const relevance = pool.relevance(statement, task);
    const shared = meaningEffects[(pool.statements[statement] as { meaning: number }).meaning] as {
      overall: number;
      relevance: number;
    };
    const own = wordingEffects[statement];
    return [
      [shared.overall, 1],
      [shared.relevance, relevance],
      ...(own === undefined
        ? []
        : ([
            [own.overall, 1],
            [own.relevance, relevance],
          ] as Feature[])),
    ];
  }
  function armFeatures(arm: Arm, task: number): Feature[] {
    const frame = frameEffects[arm.frame] ?? -1;
    return [
      [0, 1],
      ...(frame < 0 ? [] : ([[frame, 1]] as Feature[])),
      ...arm.statements.filter(isFree).flatMap((statement) => featuresOf(statement, task)),
    ];
  }
  const isFree = (statement: number): boolean => pool.statements[statement]?.fixed === false;
  const dot = (features: readonly Feature[], effects: Float64Array): number =>
    features.reduce((sum, [effect, value]) => sum + (effects[effect] as number) * value, 0);

  const observations: Observation[] = experiments.map(({ arm, task, reward }) => ({
    task,
    features: armFeatures(arm, task),
    reward,
    weight: 1,
  }));
  const posterior: Posterior = fitEffects(all, taskCount, options.taskDeviation, observations, start);
  const difficulty = (task: number): number => posterior.tasks[task] as number;

  function predict(arm: Arm, task: number, effects: Float64Array): number {
    return sigmoid(difficulty(task) + dot(armFeatures(arm, task), effects));
  }

  /** Contribution of a statement to the linear predictor of every task. */
  function contributions(statement: number, effects: Float64Array): Float64Array {
    return Float64Array.from({ length: taskCount }, (_, task) => dot(featuresOf(statement, task), effects));
  }

  /** Coordinate ascent: meaning by meaning, the wording (or none) with the greatest expected reward given the others. */
  function bestArm(effects: Float64Array): Arm {
    const contribution = pool.statements.map((statement) =>
      statement.fixed ? undefined : contributions(statement.index, effects),
    );
    let best: { arm: Arm; value: number } | undefined;
    for (const frame of pool.frames) {
      const frameEffect = frameEffects[frame.index] ?? -1;
      const linear = Float64Array.from(
        { length: taskCount },
        (_, task) =>
          difficulty(task) + (effects[0] as number) + (frameEffect < 0 ? 0 : (effects[frameEffect] as number)),
      );
      const chosen = new Map<number, number>();
      for (let pass = 0; pass < 3; pass++) {
        let changed = false;
        for (const [meaning, members] of pool.meanings.entries()) {
          const before = chosen.get(meaning);
          if (before !== undefined) addTo(linear, contribution[before], -1);
          let bestMember: number | undefined;
          let bestValue = meanSigmoid(linear, undefined);
          for (const member of members) {
            const value = contribution[member];
            if (value === undefined) continue;
            const reached = meanSigmoid(linear, value);
            if (reached > bestValue + 1e-9) {
              bestValue = reached;
              bestMember = member;
            }
          }
          if (bestMember === undefined) chosen.delete(meaning);
          else {
            chosen.set(meaning, bestMember);
            addTo(linear, contribution[bestMember], 1);
          }
          changed ||= bestMember !== before;
        }
        if (!changed) break;
      }
      const value = meanSigmoid(linear, undefined);
      const fixed = pool.statements.flatMap((statement) => (statement.fixed ? [statement.index] : []));
      if (best === undefined || value > best.value + 1e-9) {
        best = { arm: { frame: frame.index, statements: [...chosen.values(), ...fixed].sort((a, b) => a - b) }, value };
      }
    }
    return (best as { arm: Arm }).arm;
  }

  return {
    bestArm,
    draw: (random, scale) => posterior.sample(random, scale),
    mean: posterior.mean,
    start: {
      means: new Map(all.map(({ name }, effect) => [name, posterior.mean[effect] as number])),
      tasks: posterior.tasks,
    },
    predict,
    value: (arm, effects) => {
      let sum = 0;
      for (let task = 0; task < taskCount; task++) sum += predict(arm, task, effects);
      return sum / taskCount;
    },
    uncertainty: (statement) => {
      const shared = meaningEffects[(pool.statements[statement] as { meaning: number }).meaning];
      return shared === undefined ? 0 : posterior.deviation(shared.relevance);
    },
  };
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function addTo(linear: Float64Array, values: Float64Array | undefined, sign: number): void {
  if (values === undefined) return;
  for (let task = 0; task < linear.length; task++)
    linear[task] = (linear[task] as number) + sign * (values[task] as number);
}

function meanSigmoid(linear: Float64Array, extra: Float64Array | undefined): number {
  let sum = 0;
  for (let task = 0; task < linear.length; task++)
    sum += sigmoid((linear[task] as number) + (extra === undefined ? 0 : (extra[task] as number)));
  return sum / linear.length;
}
