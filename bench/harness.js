// Runs one optimizer on one simulated world inside this process, through the real engine with an in-memory store.
// The optimizer sees training and validation tasks; the referee's exact test score is computed after it has ended.

import { createPrompt, promptText } from '../dist/core/prompt.js';
import { createRandom } from '../dist/core/random.js';
import { train } from '../dist/engine/train.js';
import { datasetOf } from '../dist/models/simulated/dataset.js';
import { createEvaluateParts } from './parts.js';
import { exactScore } from './worlds/referee.js';

/** Tasks of a run: as many as a small team has. 80/20. */
const TASKS = 160;

/**
 * @param {{ world: object, optimizer: object, maxRollouts: number, seed: number, iterations?: number, criticStyle?: 'json' | 'text', model?: object }} input
 * @returns {Promise<{ exact: number, reported: number | null, start: number, rollouts: number, calls: number, tokens: number, verdict: string, text: string, error?: string }>}
 */
export async function runOnWorld({ world, ...given }) {
  const tasks = createRandom('bench-split', given.seed).shuffle(datasetOf(world, TASKS));
  const ended = await runOnTasks({ world, tasks, ...given });
  return { exact: exactScore(world, ended.text), start: exactScore(world, world.startPrompt), ...ended };
}

/** The same on tasks that somebody else made and shuffled; of the world it needs the `startPrompt`, or a `model` as well. */
export async function runOnTasks({
  world,
  tasks,
  optimizer,
  maxRollouts,
  seed,
  iterations = optimizer.defaultIterations,
  criticStyle = 'json',
  model,
}) {
  const cut = Math.round(tasks.length * 0.8);
  const parts = await createEvaluateParts({
    world,
    tasks,
    quotesTasks: optimizer.quotesTasks,
    maxRollouts,
    seed,
    criticStyle,
    model,
  });
  const { result, error } = await train({
    ...parts,
    start: createPrompt(world.startPrompt),
    split: { train: tasks.slice(0, cut), val: tasks.slice(cut), test: [] },
    optimizer,
    iterations,
  });
  await parts.store.close();
  const { usage } = result;
  return {
    reported: result.best.score,
    rollouts: usage.rollouts,
    calls: Object.values(usage.calls).reduce((sum, count) => sum + count, 0),
    tokens: usage.tokens.input + usage.tokens.output,
    verdict: result.verdict,
    text: result.best.text,
    ...(error === undefined || error.code === 'budget-reached' ? {} : { error: error.message }),
  };
}

export { promptText };
