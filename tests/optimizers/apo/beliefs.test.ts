import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { createBeliefs } from '../../../src/optimizers/apo/beliefs.ts';

const SPREAD = { noise: 0.4, task: 0.3, gain: 0.2 };
const ROOT = { mean: 0.4, deviation: 0.4 };

describe('beliefs about whole prompts', () => {
  it('are the prior before anything ran', () => {
    const beliefs = createBeliefs(SPREAD);
    const root = beliefs.add(ROOT);
    const child = beliefs.add({ parent: beliefs.add({ parent: root }) });
    expect(beliefs.value(child)).toBeCloseTo(0.4);
    expect(beliefs.belief(root).deviation).toBeCloseTo(0.4);
    expect(beliefs.belief(child, root).deviation).toBeCloseTo(Math.hypot(0.2, 0.2));
    expect(beliefs.belief(root, root)).toEqual({ mean: 0, deviation: 0 });
  });

  it('of one prompt are the textbook mean of two normals', () => {
    const beliefs = createBeliefs({ ...SPREAD, task: 1e-6 });
    const root = beliefs.add(ROOT);
    for (let task = 0; task < 8; task++) beliefs.observe(root, task, 1);
    const [before, seen] = [1 / 0.4 ** 2, 8 / 0.4 ** 2];
    expect(beliefs.value(root)).toBeCloseTo((before * 0.4 + seen * 1) / (before + seen), 4);
    expect(beliefs.belief(root).deviation).toBeCloseTo(1 / Math.sqrt(before + seen), 4);
  });

  it('do not take hard tasks for a bad prompt', () => {
    const beliefs = createBeliefs(SPREAD);
    const root = beliefs.add(ROOT);
    const child = beliefs.add({ parent: root });
    for (let time = 0; time < 30; time++) {
      for (const task of [0, 1]) beliefs.observe(root, task, task);
      beliefs.observe(child, 0, 0.2);
    }
    expect(beliefs.value(child)).toBeGreaterThan(beliefs.value(root));
  });

  it('hold what is true as often as their deviations say', () => {
    let within = 0;
    let all = 0;
    for (let world = 0; world < 60; world++) {
      const random = createRandom('beliefs', world);
      const beliefs = createBeliefs(SPREAD);
      const levels = Array.from({ length: 12 }, () => SPREAD.task * random.normal());
      const values = [ROOT.mean + ROOT.deviation * random.normal()];
      const indices = [beliefs.add(ROOT)];
      for (let step = 0; step < 20; step++) {
        // As in a climb: the next edit is of the prompt that is believed to be the best, and runs on a few tasks.
        const parent = indices.reduce((a, b) => (beliefs.value(b) > beliefs.value(a) ? b : a));
        values.push((values[parent] as number) + SPREAD.gain * random.normal());
        const child = beliefs.add({ parent });
        indices.push(child);
        for (const prompt of [parent, child]) {
          for (let time = 0; time < 5; time++) {
            const task = random.integer(levels.length);
            const worth = (values[prompt] as number) + (levels[task] as number) + SPREAD.noise * random.normal();
            beliefs.observe(prompt, task, worth);
          }
        }
      }
      for (const prompt of indices.slice(1)) {
        const { mean, deviation } = beliefs.belief(prompt, indices[0]);
        within += Number(Math.abs((values[prompt] as number) - (values[0] as number) - mean) < 1.96 * deviation);
        all++;
      }
    }
    expect(within / all).toBeGreaterThan(0.93);
    expect(within / all).toBeLessThan(0.97);
  });
});
