import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BudgetLimits } from '../../src/engine/budget.ts';
import type { RunResult } from '../../src/engine/result.ts';
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

type Limits = BudgetLimits & { readonly iterations: number };

async function resultOf(
  optimizer: Optimizer,
  { iterations, ...limits }: Limits,
  concurrency: number,
  hold: () => Promise<unknown>,
): Promise<RunResult> {
  const engine = await createEngine({
    concurrency,
    limits,
    async chat(request) {
      await hold();
      return { ...respond(world, request, request.seed ?? 0) };
    },
  });
  const { result, error } = await train(await createTrainParts(engine, { tasks, optimizer, iterations }));
  await engine.store.close();
  if (error !== undefined && error.code !== 'budget-reached') throw error;
  return result;
}

const run = async (...args: Parameters<typeof resultOf>): Promise<string> => lasting(await resultOf(...args));

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

  it.each<[string, () => Optimizer, Limits]>(
    [{ calls: 3 }, { calls: 7 }, { calls: 15 }, { tokens: 5000 }, { tokens: 5500 }, { tokens: 6500 }].flatMap(
      (limits) => [
        [`apo ${JSON.stringify(limits)}`, () => createApo(apoOptions.parse({})), { ...limits, iterations: 2 }],
        [`beam ${JSON.stringify(limits)}`, beam, { ...limits, iterations: 2 }],
      ],
    ),
  )('R16 of %s has a score, and the same one however many calls are in flight', async (_name, create, limits) => {
    const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
    const results = await Promise.all([1, 8, 64].map((concurrency) => resultOf(create(), limits, concurrency, turn)));
    for (const { baseline, best } of results) {
      expect(baseline.n).toBeGreaterThan(0);
      expect({ baseline, best }).toEqual({ baseline: results[0]?.baseline, best: results[0]?.best });
    }
  });
});
