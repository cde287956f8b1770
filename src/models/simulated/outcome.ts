import { createRandom } from '../../core/random.ts';
import type { Rule } from './rules.ts';
import { readClauses, statementKey } from './statements.ts';
import type { SimulatedTask } from './tasks.ts';
import type { World } from './world.ts';

/**
 * What a prompt means in a world, and how likely each task then succeeds. Pure: the referee integrates the same
 * probabilities that the task model draws from.
 */
export type Meaning = {
  /** Two prompts with the same key have the same outcome on every task and sample. */
  readonly key: string;
  /** Per rule: 0..1, how far its statement lifts it from unstated to stated; below 0 when wrong advice stands alone. */
  readonly lift: readonly number[];
  /** Harmful decoys in the prompt. */
  readonly decoys: readonly string[];
  /** Behaviours stated for everything, with how little that fits. */
  readonly general: readonly string[];
  /** Inputs that the prompt answers itself. */
  readonly memorised: ReadonlySet<string>;
  /** Statements beyond what the agent can follow. */
  readonly excess: number;
};

const HARM_OF_GENERAL = 0.05;
const HARM_OF_EXCESS = 0.004;
/** A worked example teaches the rules that it shows a little. */
const LIFT_OF_EXAMPLE = 0.4;
/** A worked example takes as much room as this many statements. */
const ROOM_OF_EXAMPLE = 1.5;
/** What is left of a lift when the partner rule is missing, the order is wrong or a spoiling frame stands. */
const SPOILED = 0.15;

/** Reads a prompt as the agent does. */
export function readMeaning(world: World, prompt: string): Meaning {
  const memory = meanings.get(world) ?? new Map<string, Meaning>();
  meanings.set(world, memory);
  const known = memory.get(prompt);
  if (known !== undefined) return known;
  if (memory.size >= PROMPTS_REMEMBERED) memory.clear();
  const meaning = parseMeaning(world, prompt);
  memory.set(prompt, meaning);
  return meaning;
}

const PROMPTS_REMEMBERED = 500;
const meanings = new WeakMap<World, Map<string, Meaning>>();

function parseMeaning(world: World, prompt: string): Meaning {
  const { examples, rest } = takeExamples(world, prompt);
  const clauses = readClauses(rest);
  const statements = [
    ...new Map(clauses.flatMap((clause) => clause.statements).map((s) => [statementKey(s), s])).values(),
  ];
  const keys = statements.map(statementKey);
  const decoys = [...new Set(clauses.flatMap((clause) => clause.decoys))].sort();
  const framed = world.values.framed && clauses.some((clause) => clause.frames.length > 0);
  const others = clauses.filter((clause) => clause.statements.length === 0 && clause.decoys.length === 0).length;
  const size = statements.length + decoys.length + others + examples.length * ROOM_OF_EXAMPLE;
  const excess = Math.max(0, size - world.values.room);
  const attention = 1 / (1 + excess * world.values.dilution);
  const base = world.rules.map((rule) => liftOf(rule, statements, examples, world));
  const lift = world.rules.map((rule, index) => {
    const own = base[index] ?? 0;
    if (own <= 0) return own;
    const alone = rule.needs !== null && (base[rule.needs] ?? 0) <= 0;
    const early = rule.after !== null && isBefore(world, keys, index, rule.after);
    const spoiled = alone || early || framed ? SPOILED : 1;
    return world.values.hopeless ? 0 : own * attention * spoiled;
  });
  const general = [
    ...new Set(statements.filter(({ scope }) => scope === null).map(({ behaviour }) => behaviour)),
  ].sort();
  const memorised = new Set(examples.map(({ input }) => input));
  // Whatever is said counts, useful or not: another prompt is another draw. Words, layout and order do not count, but
  // for what an order does to the lifts.
  const said = [[...keys].sort(), lift.map((value) => value.toFixed(4)), decoys, [...memorised].sort(), others, framed];
  return {
    key: JSON.stringify(said),
    lift,
    decoys,
    general,
    memorised,
    excess,
  };
}

/** Tasks that stand in the prompt with input and expected answer, and the prompt without them. */
function takeExamples(world: World, prompt: string): { examples: SimulatedTask[]; rest: string } {
  if (!prompt.includes('this is ')) return { examples: [], rest: prompt };
  const examples = [...world.byInput.values()].filter(
    ({ input, expected }) => prompt.includes(input) && prompt.includes(expected),
  );
  const rest = examples.reduce(
    (text, { input, expected }) => text.replaceAll(input, '').replaceAll(expected, ''),
    prompt,
  );
  return { examples, rest };
}

type Stated = ReturnType<typeof readClauses>[number]['statements'][number];

function liftOf(rule: Rule, statements: readonly Stated[], examples: readonly SimulatedTask[], world: World): number {
  const index = world.rules.indexOf(rule);
  let best = examples.some(({ needs }) => needs.includes(index)) ? LIFT_OF_EXAMPLE : 0;
  let contradicted = false;
  for (const { scope, behaviour, argument, negated } of statements) {
    if (behaviour !== rule.behaviour || (scope !== null && scope !== rule.scope)) continue;
    if (negated || (argument !== null && argument !== rule.argument)) {
      contradicted ||= scope !== null || (negated && argument === rule.argument);
      continue;
    }
    const exactness = (argument === null ? world.values.vague : 1) * (scope === null ? world.values.vague : 1);
    best = Math.max(best, exactness);
  }
  if (!contradicted) return best;
  return best > 0 ? best / 2 : -0.7;
}

function isBefore(world: World, keys: readonly string[], index: number, other: number): boolean {
  const place = (at: number): number => {
    const rule = world.rules[at];
    return rule === undefined ? -1 : keys.indexOf(`${rule.scope}/${rule.behaviour}/${rule.argument}`);
  };
  const theirs = place(other);
  return theirs < 0 || place(index) < theirs;
}

export type Chances = {
  /** Per need of the task, in its order. */
  readonly rules: readonly number[];
  /** Of everything that does not depend on a single rule: slips, harmful advice, crowding. */
  readonly rest: number;
  /** Of the correct answer. */
  readonly total: number;
};

/** Exact success probabilities of a task under a prompt. */
export function chancesOf(world: World, meaning: Meaning, task: SimulatedTask): Chances {
  const calm = 1 - world.values.slip;
  if (meaning.memorised.has(task.input)) return { rules: task.needs.map(() => 1), rest: calm, total: calm };
  const needed = task.needs.flatMap((index) => world.rules[index] ?? []);
  const rules = task.needs.map((index) => {
    const rule = world.rules[index];
    const lift = meaning.lift[index] ?? 0;
    if (rule === undefined) return 1;
    return lift < 0 ? rule.unstated * (1 + lift) : rule.unstated + lift * Math.max(0, rule.stated - rule.unstated);
  });
  const decoys = meaning.decoys.reduce(
    (product, id) => product * (isHurt(world, id, task) ? 1 - (world.harm.get(id)?.loss ?? 0) : 1),
    1,
  );
  const general = meaning.general.reduce(
    (product, id) => (needed.some(({ behaviour }) => behaviour === id) ? product : product * (1 - HARM_OF_GENERAL)),
    1,
  );
  const rest = calm * decoys * general * Math.exp(-meaning.excess * HARM_OF_EXCESS);
  return { rules, rest, total: rules.reduce((product, chance) => product * chance, rest) };
}

function isHurt(world: World, decoy: string, task: SimulatedTask): boolean {
  const harm = world.harm.get(decoy);
  return (
    harm !== undefined && createRandom('simulated', world.family, world.seed, decoy, task.input).next() < harm.share
  );
}

export type Outcome = {
  /** Needs of the task that this answer misses. */
  readonly missed: readonly number[];
  /** The answer went wrong as a whole. */
  readonly slipped: boolean;
};

/** Draws what happens; the same (meaning, task, sample) always gives the same. */
export function drawOutcome(world: World, meaning: Meaning, task: SimulatedTask, sample: number): Outcome {
  const random = createRandom('simulated', world.family, world.seed, 'outcome', meaning.key, task.input, sample);
  const chances = chancesOf(world, meaning, task);
  const missed = task.needs.filter((_need, index) => random.next() >= (chances.rules[index] ?? 1));
  return { missed, slipped: random.next() >= chances.rest };
}
