// Optimizers by name, with options.
import { CANARIES } from './canaries.js';

/** `gepa minibatch=8 validationTasks=20` is gepa with other options; `iterations` is known to all. */
export async function createOptimizer(algorithm, world) {
  if (Object.hasOwn(CANARIES, algorithm)) return CANARIES[algorithm](world);
  const [name, ...given] = algorithm.split(' ');
  const pairs = given.map((pair) => pair.split('=')).map(([key, value]) => [key, JSON.parse(value)]);
  const { iterations, ...settings } = Object.fromEntries(pairs);
  const { default: create, options } = await import(`../../dist/optimizers/${name}.js`);
  const optimizer = create(options.parse(settings));
  return { ...optimizer, defaultIterations: iterations ?? optimizer.defaultIterations };
}
