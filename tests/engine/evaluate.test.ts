import { describe, expect, it } from 'vitest';
import { createPrompt } from '../../src/core/prompt.ts';
import type { ScoredRollout } from '../../src/core/rollout.ts';
import { train } from '../../src/engine/train.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { createEngine, createTrainParts } from '../helpers/engine.ts';

describe('evaluation', () => {
  it('R17 a rollout that memory let go of comes back from the store as it was, and costs nothing', async () => {
    const tasks = datasetOf(createWorld('quickstart', 1), 100);
    let calls = 0;
    const engine = await createEngine({ concurrency: 64, chat: async () => `answer ${calls++}` });
    const seen: (readonly ScoredRollout[])[] = [];
    const optimizer: Optimizer = {
      name: 'test',
      defaultIterations: 1,
      forecast: () => ({ rollouts: 0, critiques: 0, edits: 0 }),
      async run(context) {
        const purpose = { iteration: 1, split: 'train', label: 'test' } as const;
        const trials = context.train.map((task) => ({ task, sample: 0 }));
        const look = (version: number) => context.evaluate(createPrompt(`Version ${version}.`), trials, purpose);
        seen.push(await look(0));
        for (let version = 1; version <= 2000 / trials.length + 1; version++) await look(version);
        const before = calls;
        seen.push(await look(0));
        expect(calls).toBe(before);
        return { best: context.start, baseline: [], final: [], reason: 'iterations' };
      },
    };
    const { error } = await train(await createTrainParts(engine, { tasks, optimizer }));
    await engine.store.close();
    expect(error).toBeUndefined();
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[1]?.[0]).not.toBe(seen[0]?.[0]);
  });
});
