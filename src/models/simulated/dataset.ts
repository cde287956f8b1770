import type { Task } from '../../core/task.ts';
import type { SimulatedTask } from './tasks.ts';
import type { World } from './world.ts';

/** Tasks of the world as a dataset: inputs and expected answers, never the rules. The test tasks are not among them. */
export function datasetOf(world: World, count: number): Task[] {
  return world.pool.slice(0, count).map((task) => toTask(world, task));
}

export function toTask(world: World, { id, input, expected, category, difficulty }: SimulatedTask): Task {
  return {
    id,
    input,
    context: [],
    expected,
    observed: null,
    category,
    difficulty,
    metadata: { source: 'simulated', world: world.family, seed: world.seed },
  };
}
