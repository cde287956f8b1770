import { createGate } from '../../src/core/gate.ts';
import { createRandom } from '../../src/core/random.ts';
import { type TrainEnd, train } from '../../src/engine/train.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { respond } from '../../src/models/simulated/respond.ts';
import type { World } from '../../src/models/simulated/world.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { createEngine, createTrainParts, SIMULATED_NAMES } from './engine.ts';

export type SimulatedRun = {
  readonly world: World;
  readonly optimizer: Optimizer;
  readonly maxRollouts: number;
  readonly start?: string;
  readonly seed?: number;
  readonly concurrency?: number;
  /** Whether critics answer as they are asked to, or in sentences. Default true. */
  readonly knowsSchema?: boolean;
  /** What the agent says instead of its answer. */
  readonly distort?: (answer: string) => string;
};

/** Trains on a simulated world through the real engine, with everything in this process. */
export async function trainOnWorld({
  world,
  optimizer,
  maxRollouts,
  start = world.startPrompt,
  seed = 0,
  concurrency = 8,
  knowsSchema = true,
  distort = (answer) => answer,
}: SimulatedRun): Promise<TrainEnd> {
  const engine = await createEngine({
    limits: { rollouts: maxRollouts },
    concurrency,
    names: SIMULATED_NAMES,
    async chat(request) {
      const { responseSchema: _schema, ...text } = request;
      const simulated = respond(world, knowsSchema ? request : text, request.seed ?? 0);
      const { content } = simulated;
      const said = request.model === 'sim-agent' ? distort(content) : knowsSchema ? content : asSentences(content);
      return { ...simulated, content: said };
    },
  });
  const tasks = createRandom('split', seed).shuffle(datasetOf(world, 100));
  const parts = await createTrainParts(engine, {
    tasks,
    optimizer,
    prompt: start,
    iterations: optimizer.defaultIterations,
  });
  const end = await train({
    ...parts,
    seed,
    split: { train: tasks.slice(0, 80), val: tasks.slice(80), test: [] },
    reject: createGate({ start: parts.start, tasks: [] }),
  });
  await engine.store.close();
  return end;
}

function asSentences(content: string): string {
  if (!content.startsWith('{"findings"')) return content;
  const { findings } = JSON.parse(content) as { findings: { cause: string; statement: string }[] };
  return findings.map(({ cause, statement }) => `- ${cause} The prompt should say: ${statement}`).join('\n');
}
