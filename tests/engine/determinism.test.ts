import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { train } from '../../src/engine/train.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { respond } from '../../src/models/simulated/respond.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import createApo, { options as apoOptions } from '../../src/optimizers/apo.ts';
import createBeam, { options as beamOptions } from '../../src/optimizers/beam.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { createEngine, createTrainParts } from '../helpers/engine.ts';
import { lasting } from '../helpers/trainee.ts';

const world = createWorld('quickstart', 1);
const tasks = datasetOf(world, 12);

type Limits = { readonly rollouts: number; readonly iterations: number };

async function run(
  optimizer: Optimizer,
  { rollouts, iterations }: Limits,
  concurrency: number,
  hold: () => Promise<unknown>,
): Promise<string> {
  const engine = await createEngine({
    concurrency,
    limits: { rollouts },
    async chat(request) {
      await hold();
      return { ...respond(world, request, request.seed ?? 0) };
    },
  });
  const { result, error } = await train(await createTrainParts(engine, { tasks, optimizer, iterations }));
  await engine.store.close();
  if (error !== undefined && error.code !== 'budget-reached') throw error;
  return lasting(result);
}

const beam = (): Optimizer =>
  createBeam(beamOptions.parse({ beamWidth: 2, branchFactor: 1, gradientBatch: 4, validationBatch: 4 }));

describe('a run', () => {
  it.each<[string, () => Optimizer, Limits]>([
    ['apo', () => createApo(apoOptions.parse({})), { rollouts: 30, iterations: 1 }],
    ['beam', beam, { rollouts: 30, iterations: 1 }],
    ...[26, 30, 34].map((rollouts): [string, () => Optimizer, Limits] => [
      `beam cut off after ${rollouts} rollouts`,
      beam,
      { rollouts, iterations: 6 },
    ]),
  ])(
    'R05 of %s has one result, in whatever order its calls end and however many are in flight',
    async (_name, create, limits) => {
      const expected = await run(create(), limits, 1, () => Promise.resolve());
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.constantFrom(2, 8, 64), async (scheduler, concurrency) => {
          const ended = run(create(), limits, concurrency, () => scheduler.schedule(Promise.resolve()));
          expect(await scheduler.waitFor(ended)).toBe(expected);
        }),
        { numRuns: 15 },
      );
    },
  );
});
