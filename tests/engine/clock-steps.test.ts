import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { train } from '../../src/engine/train.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { respond } from '../../src/models/simulated/respond.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import createApo, { options as apoOptions } from '../../src/optimizers/apo.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createEngine, createTrainParts } from '../helpers/engine.ts';
import { lasting } from '../helpers/trainee.ts';

const world = createWorld('quickstart', 1);
const HOUR_MS = 3_600_000;

async function trainBy(clock: Clock) {
  const engine = await createEngine({
    clock,
    limits: { rollouts: 40 },
    chat: async (request) => ({ ...respond(world, request, request.seed ?? 0) }),
  });
  const optimizer = createApo(apoOptions.parse({}));
  const { result, error } = await train(await createTrainParts(engine, { tasks: datasetOf(world, 20), optimizer }));
  await engine.store.close();
  return { result, error };
}

describe('a wall clock that is set while a run goes on', () => {
  it('R15 steps of an hour to and fro change no result, no duration and no deadline', async () => {
    let reads = 0;
    const jumping: Clock = {
      ...systemClock,
      epoch: () => systemClock.epoch() + (reads++ % 2 === 0 ? HOUR_MS : -HOUR_MS),
    };
    const [steady, stepped] = [await trainBy(systemClock), await trainBy(jumping)];
    expect(reads).toBeGreaterThan(40);
    expect(stepped.error?.code).toBe(steady.error?.code);
    expect(lasting(stepped.result)).toBe(lasting(steady.result));
    expect(stepped.result.durationMs).toBeGreaterThanOrEqual(0);
    expect(stepped.result.durationMs).toBeLessThan(HOUR_MS / 2);
  });
});
