import type { Arm } from './arm.ts';
import type { State } from './state.ts';

/** A kind that n arms of the round look at already is worth 1 / (1 + n x this). */
const CROWDING = 2;
/** A task that ran n times is worth 1 / (1 + n x this): its own peculiarities are known. */
const REPETITION = 0.3;
/** From this concern on a statement is tested by a kind. */
const TESTED_BY = 0.5;
/** How fast n tests of a statement on a kind use up what one more tells: (1 + n) to the minus this. */
const SATIATION = 1.5;
/** What the first look at a kind is worth that no statement of the arm concerns. */
const UNCONCERNED = 0.7;

/**
 * The tasks that an arm is run on: some are the next of a fixed random order, the others those whose parts the arm's least
 * tested statements concern, frequent parts first. `taken` are kinds that other arms of the round look at already.
 */
export function chooseTasks(
  state: State,
  arm: Arm,
  count: number,
  random: number,
  tests: readonly ReadonlyMap<number, number>[],
  taken: Map<number, number>,
): readonly number[] {
  const { order, units } = state;
  const tasks: number[] = [];
  while (tasks.length < Math.min(random, count, order.length)) {
    const task = order[state.position++ % order.length] as number;
    if (!tasks.includes(task)) tasks.push(task);
  }
  const curiosity = curiosities(state, arm, tests);
  const take = (task: number): void => {
    for (const kind of units.ofTask[task] ?? []) taken.set(kind, (taken.get(kind) ?? 0) + 1);
  };
  tasks.forEach(take);
  const runs = new Map<number, number>();
  for (const { task } of state.records) runs.set(task, (runs.get(task) ?? 0) + 1);
  while (tasks.length < Math.min(count, order.length)) {
    let best = { task: -1, worth: -1 };
    for (const task of order) {
      if (tasks.includes(task)) continue;
      let worth = 0;
      for (const kind of units.ofTask[task] ?? [])
        worth += (curiosity[kind] as number) / (1 + CROWDING * (taken.get(kind) ?? 0));
      worth /= 1 + REPETITION * (runs.get(task) ?? 0);
      if (worth > best.worth) best = { task, worth };
    }
    tasks.push(best.task);
    take(best.task);
  }
  return tasks;
}

/** What one more observation of each kind under the arm is worth. */
function curiosities(
  { units, pool, records }: State,
  arm: Arm,
  tests: readonly ReadonlyMap<number, number>[],
): Float64Array {
  const seen = new Float64Array(units.kinds.length);
  for (const { task } of records) for (const kind of units.ofTask[task] ?? []) seen[kind] = (seen[kind] as number) + 1;
  const least = new Map<number, number>();
  for (const statement of arm.statements) {
    const { kinds } = pool.concern(statement);
    for (const [kind, value] of kinds) {
      if (value < TESTED_BY) continue;
      const tested = tests[statement]?.get(kind) ?? 0;
      least.set(kind, Math.min(least.get(kind) ?? tested, tested));
    }
  }
  return Float64Array.from(units.kinds, ({ index, tasks }) => {
    const tested = least.get(index);
    const open = tested === undefined ? UNCONCERNED / (1 + (seen[index] as number)) : 1 / (1 + tested) ** SATIATION;
    return tasks.length * open;
  });
}
