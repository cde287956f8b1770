import { createRandom, type Random } from '../../core/random.ts';
import { DECOYS, FRAMES } from './advice.ts';
import { FAMILIES, type Family, type FamilyName, type WorldValues } from './families.ts';
import { drawRules, type Rule, within } from './rules.ts';
import { sentence, wordStatement } from './statements.ts';
import { drawTask, type SimulatedTask } from './tasks.ts';

/** One draw from a family. Everything that the simulated model says follows from this and the request. */
export type World = {
  readonly family: FamilyName;
  readonly seed: string;
  readonly values: WorldValues;
  readonly rules: readonly Rule[];
  /** Harmful decoys: id -> factor by which success falls on the tasks that it hurts, and the share of those. */
  readonly harm: ReadonlyMap<string, { readonly loss: number; readonly share: number }>;
  readonly startPrompt: string;
  readonly pool: readonly SimulatedTask[];
  readonly test: readonly SimulatedTask[];
  /** Every task by its exact input. */
  readonly byInput: ReadonlyMap<string, SimulatedTask>;
};

const POOL_SIZE = 600;
const TEST_SIZE = 400;
const INTRODUCTION = 'You are a support assistant of a web shop.';

/** The same family and seed always give the same world. */
export function createWorld(family: FamilyName, seed: string | number): World {
  const key = `${family}:${seed}`;
  const random = createRandom('simulated', key, 'world');
  const values = drawValues(FAMILIES[family], random);
  const rules = drawRules(FAMILIES[family], values, random);
  const harm = new Map(
    random
      .shuffle(DECOYS)
      .slice(0, Math.round(values.harmful))
      .map(({ id }) => [
        id,
        { loss: values.harm * (0.8 + 0.4 * random.next()), share: values.harmShare * (0.8 + 0.4 * random.next()) },
      ]),
  );
  const inputs = new Set<string>();
  const draw = (split: string, count: number): SimulatedTask[] =>
    Array.from({ length: count }, (_, index) => {
      for (let attempt = 0; ; attempt++) {
        const task = drawTask(
          rules,
          createRandom('simulated', key, split, index, attempt),
          `${family}-${split}-${index + 1}`,
        );
        if (inputs.has(task.input)) continue;
        inputs.add(task.input);
        return task;
      }
    });
  const pool = draw('task', POOL_SIZE);
  const test = draw('test', TEST_SIZE);
  return {
    family,
    seed: String(seed),
    values,
    rules,
    harm,
    startPrompt: drawStartPrompt(values, rules, harm, createRandom('simulated', key, 'start')),
    pool,
    test,
    byInput: new Map([...pool, ...test].map((task) => [task.input, task])),
  };
}

function drawValues(family: Family, random: Random): WorldValues {
  const entries = Object.entries(family).map(([name, value]) => [
    name,
    Array.isArray(value) ? within(value, random) : value,
  ]);
  return Object.fromEntries(entries) as WorldValues;
}

function drawStartPrompt(values: WorldValues, rules: readonly Rule[], harm: World['harm'], random: Random): string {
  const frames = values.framed ? FRAMES.map(({ text }) => text) : [];
  const seeded = rules
    .slice(0, Math.round(rules.length * values.seeded))
    .map((rule) => wordStatement({ ...rule, negated: false }, random, values.freeWording));
  const harmful = DECOYS.filter(({ id }) => harm.has(id))
    .slice(0, values.seededHarm)
    .map(({ wordings }) => sentence(wordings[0]));
  return [INTRODUCTION, ...frames, ...harmful, ...seeded].join('\n');
}
