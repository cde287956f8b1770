import { chancesOf, readMeaning } from '../../src/models/simulated/outcome.ts';
import type { World } from '../../src/models/simulated/world.ts';

/** Expected accuracy of a prompt over the world's test tasks: no optimizer sees those. */
export function exactScore(world: World, prompt: string): number {
  const meaning = readMeaning(world, prompt);
  return world.test.reduce((sum, task) => sum + chancesOf(world, meaning, task).total, 0) / world.test.length;
}
