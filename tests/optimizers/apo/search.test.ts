import { expect, test } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { wordStatement } from '../../../src/models/simulated/statements.ts';
import { createWorld } from '../../../src/models/simulated/world.ts';
import createApo, { options } from '../../../src/optimizers/apo.ts';
import { trainOnWorld } from '../../helpers/simulated-run.ts';

const world = createWorld('quickstart', 1);
const apo = () => createApo(options.parse({}));

test('a prompt gets better by more than a third of all tasks, within the budget', async () => {
  const { result } = await trainOnWorld({ world, optimizer: apo(), maxRollouts: 220 });
  expect(result.verdict).toBe('improved');
  expect((result.best.score ?? 0) - (result.baseline.score ?? 0)).toBeGreaterThan(0.35);
  expect(result.usage.rollouts).toBeLessThanOrEqual(220);
});

test('a run gives the same prompt again, whatever the concurrency', async () => {
  const texts = await Promise.all(
    [1, 16].map(async (concurrency) => {
      const { result } = await trainOnWorld({ world, optimizer: apo(), maxRollouts: 90, concurrency });
      return [result.best.text, result.best.score, result.usage.calls];
    }),
  );
  expect(texts[1]).toEqual(texts[0]);
});

test('a critic that answers in sentences and an editor that answers with a prompt do as well', async () => {
  const { result } = await trainOnWorld({ world, optimizer: apo(), maxRollouts: 140, knowsSchema: false });
  expect((result.best.score ?? 0) - (result.baseline.score ?? 0)).toBeGreaterThan(0.3);
});

test('answers that show nothing of the expected ones still teach something', async () => {
  const expected = new Set(world.pool.map((task) => task.expected));
  const distort = (answer: string) => (expected.has(answer) ? answer : 'no');
  const { result } = await trainOnWorld({ world, optimizer: apo(), maxRollouts: 200, distort });
  expect(result.best.score ?? 0).toBeGreaterThanOrEqual((result.baseline.score ?? 0) - 0.05);
});

test('a perfect prompt is kept without spending the budget', async () => {
  const flawless = {
    ...world,
    values: { ...world.values, slip: 0 },
    rules: world.rules.map((rule) => ({ ...rule, stated: 1 })),
  };
  const random = createRandom('perfect');
  const start = flawless.rules.map((rule) => wordStatement({ ...rule, negated: false }, random, false)).join('\n');
  const { result } = await trainOnWorld({ world: flawless, optimizer: apo(), maxRollouts: 300, start });
  expect(result.best.text).toBe(start);
  expect(result.reason).toBe('ceiling');
  expect(result.verdict).not.toBe('improved');
  expect(result.usage.rollouts).toBeLessThan(120);
});

test('each statement of the prompt is explained with its effect and where it came from', async () => {
  const { result } = await trainOnWorld({ world, optimizer: apo(), maxRollouts: 140 });
  const { statements } = result.explanation as unknown as {
    statements: {
      text: string;
      effect: number;
      interval: number[];
      removalCost: number;
      origin: { operator: string; rollouts: string[] };
    }[];
  };
  expect(statements.length).toBeGreaterThan(3);
  for (const { text, effect, interval, origin } of statements) {
    expect(result.best.text).toContain(text);
    expect(interval[0]).toBeLessThanOrEqual(effect);
    expect(interval[1]).toBeGreaterThanOrEqual(effect);
    if (origin.operator !== 'start') expect(origin.rollouts[0]).toMatch(/^ro-/);
  }
});
