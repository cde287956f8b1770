import type { Prompt } from '../../core/prompt.ts';
import { deviation, mean } from '../../core/statistics.ts';
import type { Arm } from './arm.ts';
import { type Belief, createBeliefs } from './beliefs.ts';
import { ROOT, SPREAD } from './climb.ts';
import { type State, worthOf } from './state.ts';

/** Deviation of what a prompt of statements is worth around what the model expects. */
const DOUBT_OF_MODEL = 0.12;
const DRAWS = 30;
/** Deviations that the surest prompt is above what others may be. */
const CAUTION = 0.5;

export type Entry = {
  readonly prompt: Prompt;
  /** Undefined for whole prompts. */
  readonly arm: Arm | undefined;
  /** Rollouts so far. */
  readonly rollouts: number;
  readonly index: number;
};

export type Ranking = {
  /** Makes a prompt of statements known that may not have run. */
  add(prompt: Prompt, arm: Arm): void;
  observe(prompt: Prompt, task: number, worth: number | undefined): void;
  /** The prompt of the greatest value that is allowed; the start where none is. */
  best(isAllowed: (entry: Entry) => boolean): Entry;
  /** The allowed prompt that is most surely good; the start where none is. */
  surest(isAllowed: (entry: Entry) => boolean): Entry;
  /** What is believed of the value of a known prompt less that of the start. */
  gain(prompt: Prompt): Belief;
};

/**
 * Every prompt that ran, whichever way it was made, in one set of beliefs: whole prompts by what they were made from, prompts
 * of statements by what the model expects of them, and all of them by their own rollouts. The model may be wrong about what it
 * puts together, and a prompt that has done well for forty rollouts is not to be given up for one that has never run.
 */
export function rankPrompts(state: State): Ranking {
  const { climb, records, context, model } = state;
  const beliefs = createBeliefs(SPREAD);
  const entries = new Map<string, Entry>();
  // Rewards and worths are not the same: an answer that has half of the parts is worth something.
  const offset = mean(records.map(({ task, scored, reward }) => (worthOf(state, task, scored) ?? reward) - reward));
  const armOfPrompt = new Map(records.map(({ prompt, arm }) => [prompt.id, arm]));
  const draws = Array.from({ length: DRAWS }, (_, index) => model.draw(context.random('worth', index), 1));

  function add(prompt: Prompt, arm: Arm): void {
    if (entries.has(prompt.id)) return;
    const values = draws.map((effects) => model.value(arm, effects));
    const doubt = Math.hypot(deviation(values), DOUBT_OF_MODEL);
    const index = beliefs.add({ mean: model.value(arm, model.mean) + offset, deviation: doubt });
    entries.set(prompt.id, { prompt, arm, rollouts: 0, index });
  }

  function observe(prompt: Prompt, task: number, worth: number | undefined): void {
    const entry = entries.get(prompt.id);
    if (entry === undefined || worth === undefined) return;
    beliefs.observe(entry.index, task, worth);
    entries.set(prompt.id, { ...entry, rollouts: entry.rollouts + 1 });
  }

  for (const { prompt, origin } of climb.all()) {
    const parent = origin && entries.get(origin.parent.id);
    const arm = armOfPrompt.get(prompt.id);
    const isStart = prompt.id === context.start.id;
    if (isStart || parent !== undefined) {
      const index = beliefs.add(parent === undefined ? ROOT : { parent: parent.index });
      entries.set(prompt.id, { prompt, arm: undefined, rollouts: 0, index });
    } else if (arm !== undefined) add(prompt, arm);
  }
  for (const { prompt, arm } of records) add(prompt, arm);
  for (const { prompt, task, scored } of records) observe(prompt, task, worthOf(state, task, scored));

  function first(isAllowed: (entry: Entry) => boolean, valueFrom: (entry: Entry) => number): Entry {
    return [...entries.values()]
      .filter(isAllowed)
      .map((entry) => ({ entry, value: valueFrom(entry) }))
      .reduce((a, b) => (b.value > a.value ? b : a), {
        entry: entries.get(context.start.id) as Entry,
        value: Number.NEGATIVE_INFINITY,
      }).entry;
  }

  return {
    add,
    observe,
    best: (isAllowed) => first(isAllowed, ({ index }) => beliefs.value(index)),
    surest: (isAllowed) =>
      first(isAllowed, ({ index }) => {
        const belief = beliefs.belief(index);
        return belief.mean - CAUTION * belief.deviation;
      }),
    gain: (prompt) => beliefs.belief(entries.get(prompt.id)?.index as number, entries.get(context.start.id)?.index),
  };
}
