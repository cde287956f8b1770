import type { Random } from '../../core/random.ts';
import type { Arm } from './arm.ts';
import { type Effect, fitEffects, type Observation, type Prior, type Start } from './effects.ts';
import type { Pool } from './pool.ts';
import type { Outcome, Units } from './units.ts';

/** A graded rollout, as the effect model sees it. */
export type Experiment = {
  readonly arm: Arm;
  readonly task: number;
  readonly outcome: Outcome;
  /** Default 1. */
  readonly weight?: number;
};

/** What is believed before anything is seen. Means and deviations on the logistic scale. */
export const PRIORS = {
  part: { mean: -0.5, deviation: 1.5 },
  rest: { mean: 3, deviation: 1 },
  /** Of a statement on the parts it concerns, without and per share of its words that stand in them. */
  specific: { mean: 0.3, perFit: 3, deviation: 1.8 },
  general: { mean: -0.1, deviation: 0.3 },
  kept: { mean: 0.05, deviation: 0.4 },
  /** Less for each critique that wants a statement changed or gone, up to {@link MOST_OBJECTIONS}. */
  objection: 0.4,
  /** Of a statement on everything but the parts: advice may harm an answer as a whole. */
  harm: { mean: -0.03, deviation: 0.25 },
  harmOfGeneral: { mean: -0.3, deviation: 0.6 },
  harmOfStart: { mean: 0, deviation: 0.8 },
  /** Of ten more statements on all parts: attention is finite. */
  size: { mean: -0.15, deviation: 0.15 },
  frame: { mean: 0, deviation: 0.5 },
  /** Of statements on their parts in another frame than the first, beyond what they do there. */
  grip: { mean: 0, deviation: 1.5 },
  /** Of kinds, beyond what the statements explain. */
  kindDeviation: 1.2,
} as const;

/** A critic that repeats itself is no new evidence. */
const MOST_OBJECTIONS = 3;

/** Expected reward by which another frame must be better than the first. */
const FRAME_MARGIN = 0.002;

/** From here on a statement is about a part. */
const STATED = 0.5;

/** Of the effect of a second statement on a part, how much counts beside the first: a part that is met cannot be met twice. */
const SECOND = 0.15;

export type EffectModel = {
  /** The arm with the greatest expected reward over the training tasks under the given effects. */
  bestArm(effects: Float64Array, frame?: number): Arm;
  /** A draw from the posterior (Thompson sampling). */
  draw(random: Random, scale: number): Float64Array;
  readonly mean: Float64Array;
  /** Where the next fit starts. */
  readonly start: Start;
  /** Chance that a part of the kind is met under the given effects. */
  chance(arm: Arm, kind: number, effects: Float64Array): number;
  /** Mean reward that is expected over the training tasks. */
  value(arm: Arm, effects: Float64Array): number;
  /** Effect of a statement on the parts it concerns most, with its posterior deviation. */
  effect(statement: number): { readonly mean: number; readonly deviation: number };
};

export function fitModel(pool: Pool, units: Units, experiments: readonly Experiment[], start?: Start): EffectModel {
  const { kinds, ofTask } = units;
  const restGroup = kinds.length;
  const all: Effect[] = [];
  const allocate = (name: string, prior: Prior): number => all.push({ name, prior }) - 1;
  const part = allocate('part', PRIORS.part);
  const rest = allocate('rest', PRIORS.rest);
  const size = allocate('size', PRIORS.size);
  const frameEffects = pool.frames.map(({ index }) => (index === 0 ? -1 : allocate(`frame ${index}`, PRIORS.frame)));
  const gripEffects = pool.frames.map(({ index }) => (index === 0 ? -1 : allocate(`grip ${index}`, PRIORS.grip)));
  const onParts = pool.statements.map(({ index, origins, objections }) => {
    const { main, fit } = pool.concern(index);
    const { mean, perFit, deviation } = PRIORS.specific;
    const isKept = origins[0]?.operator === 'start';
    const prior = main >= 0 ? { mean: mean + perFit * fit, deviation } : isKept ? PRIORS.kept : PRIORS.general;
    const less = PRIORS.objection * Math.min(MOST_OBJECTIONS, objections);
    return allocate(`statement ${index}`, { ...prior, mean: prior.mean - less });
  });
  const onRest = pool.statements.map(({ index, origins }) => {
    if (units.mode === 'whole') return -1;
    if (origins[0]?.operator === 'start') return allocate(`harm ${index}`, PRIORS.harmOfStart);
    return allocate(`harm ${index}`, pool.concern(index).main < 0 ? PRIORS.harmOfGeneral : PRIORS.harm);
  });
  const isFree = (statement: number): boolean => pool.statements[statement]?.fixed === false;
  const free = pool.statements.filter(({ fixed }) => !fixed).map(({ index }) => index);
  const fixed = pool.statements.filter((statement) => statement.fixed).map(({ index }) => index);

  /** General text of the starting prompt: stands in its frame only. */
  const isOpening = (index: number): boolean =>
    pool.concern(index).main < 0 && pool.statements[index]?.origins[0]?.operator === 'start';

  /** How much a statement acts on a kind. */
  function acts(statement: number, kind: number): number {
    const { kinds: concerned, main } = pool.concern(statement);
    return main < 0 ? 1 : (concerned.get(kind) ?? 0);
  }

  const observations: Observation[] = experiments.flatMap(({ arm, task, outcome, weight = 1 }) => {
    const chosen = arm.statements.filter(isFree);
    const frame = frameEffects[arm.frame] ?? -1;
    const observed: Observation[] = (ofTask[task] ?? []).map((kind, index) => {
      const effects = frame < 0 ? [part, size] : [part, size, frame];
      const values = frame < 0 ? [1, chosen.length / 10] : [1, chosen.length / 10, 1];
      let isStated = false;
      for (const statement of chosen) {
        const value = acts(statement, kind);
        if (value === 0) continue;
        effects.push(onParts[statement] as number);
        values.push(value);
        isStated ||= value >= STATED && pool.concern(statement).main >= 0;
      }
      if (frame >= 0 && isStated) {
        effects.push(gripEffects[arm.frame] as number);
        values.push(1);
      }
      return { group: kind, effects, values, outcome: outcome.parts[index] as number, weight };
    });
    if (outcome.rest !== undefined) {
      const effects = [rest, ...chosen.map((statement) => onRest[statement] as number)];
      observed.push({ group: restGroup, effects, values: effects.map(() => 1), outcome: outcome.rest, weight });
    }
    return observed;
  });
  const posterior = fitEffects(all, kinds.length + 1, PRIORS.kindDeviation, observations, start);

  /** Linear predictors under an arm that grows and shrinks by statements. */
  function createState(effects: Float64Array, frame: number): ArmState {
    const base =
      (effects[part] as number) +
      ((frameEffects[frame] ?? -1) < 0 ? 0 : (effects[frameEffects[frame] as number] as number));
    const grip = (gripEffects[frame] ?? -1) < 0 ? 0 : (effects[gripEffects[frame] as number] as number);
    const acting: Map<number, number>[] = kinds.map(() => new Map());
    const chances = new Float64Array(kinds.length);
    let general = 0;
    let harm = effects[rest] as number;
    let count = 0;
    const included = new Set<number>();
    const share = units.mode === 'whole' ? 1 : SECOND;
    function put(statement: number, sign: 1 | -1): void {
      const own = effects[onParts[statement] as number] as number;
      const { kinds: concerned, main } = pool.concern(statement);
      if (main < 0) general += sign * own;
      else {
        for (const [kind, value] of concerned) {
          if (sign > 0) acting[kind]?.set(statement, own * value);
          else acting[kind]?.delete(statement);
        }
      }
      if (units.mode === 'parts') harm += sign * (effects[onRest[statement] as number] as number);
      count += sign;
      if (sign > 0) included.add(statement);
      else included.delete(statement);
    }
    function chance(kind: number): number {
      let most = 0;
      let positive = 0;
      let negative = 0;
      for (const value of (acting[kind] as Map<number, number>).values()) {
        if (value > 0) positive += value;
        else negative += value;
        if (value > most) most = value;
      }
      // What is too weak to be a statement of the part gets no grip either.
      const own = negative + most + share * (positive - most) + (most > 0.2 ? grip : 0);
      return sigmoid(
        base + (posterior.levels[kind] as number) + general + own + ((effects[size] as number) * count) / 10,
      );
    }
    function value(): number {
      for (let kind = 0; kind < kinds.length; kind++) chances[kind] = chance(kind);
      let sum = 0;
      for (const needs of ofTask) {
        let product = 1;
        for (const kind of needs) product *= chances[kind] as number;
        sum += product;
      }
      return (units.mode === 'parts' ? sigmoid(harm) : 1) * (sum / Math.max(1, ofTask.length));
    }
    return { put, chance, value, included };
  }

  function stateOf(arm: Arm, effects: Float64Array): ArmState {
    const state = createState(effects, arm.frame);
    for (const statement of arm.statements) if (isFree(statement)) state.put(statement, 1);
    return state;
  }

  /** Coordinate ascent from everything that seems to help: meaning by meaning, the wording (or none) that is best. */
  function bestInFrame(effects: Float64Array, frame: number): { arm: Arm; value: number } {
    const state = createState(effects, frame);
    const alternatives = new Map<number, number[]>();
    for (const index of free) {
      if (frame > 0 && isOpening(index)) continue;
      const { meaning } = pool.statements[index] as { meaning: number };
      alternatives.set(meaning, [...(alternatives.get(meaning) ?? []), index]);
    }
    const promising = (index: number): number => effects[onParts[index] as number] as number;
    for (const members of alternatives.values()) {
      const best = members.reduce((a, b) => (promising(b) > promising(a) ? b : a));
      if (promising(best) > 0) state.put(best, 1);
    }
    let reached = state.value();
    for (let pass = 0; pass < 3; pass++) {
      let changed = false;
      for (const members of alternatives.values()) {
        const before = members.find((member) => state.included.has(member));
        if (before !== undefined) state.put(before, -1);
        let choice: number | undefined;
        let most = state.value();
        for (const member of members) {
          if (member === before) {
            if (reached > most + 1e-9) [choice, most] = [member, reached];
            continue;
          }
          if (promising(member) < -0.5) continue;
          state.put(member, 1);
          const value = state.value();
          state.put(member, -1);
          if (value > most + 1e-9) [choice, most] = [member, value];
        }
        if (choice !== undefined) state.put(choice, 1);
        reached = most;
        changed ||= choice !== before;
      }
      if (!changed) break;
    }
    return { arm: { frame, statements: [...state.included, ...fixed].sort((a, b) => a - b) }, value: reached };
  }

  return {
    bestArm(effects, frame) {
      const frames = frame === undefined ? pool.frames.map(({ index }) => index) : [frame];
      return frames
        .map((index) => bestInFrame(effects, index))
        .reduce((a, b) => (b.value > a.value + FRAME_MARGIN ? b : a)).arm;
    },
    draw: (random, scale) => posterior.sample(random, scale),
    mean: posterior.mean,
    start: {
      means: new Map(all.map(({ name }, effect) => [name, posterior.mean[effect] as number])),
      levels: posterior.levels,
    },
    chance: (arm, kind, effects) => stateOf(arm, effects).chance(kind),
    value: (arm, effects) => stateOf(arm, effects).value(),
    effect: (statement) => {
      const index = onParts[statement] as number;
      return { mean: posterior.mean[index] as number, deviation: posterior.deviation(index) };
    },
  };
}

type ArmState = {
  put(statement: number, sign: 1 | -1): void;
  chance(kind: number): number;
  value(): number;
  readonly included: ReadonlySet<number>;
};

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
