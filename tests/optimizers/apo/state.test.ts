import { expect, test } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { ScoredRollout } from '../../../src/core/rollout.ts';
import { fitModel } from '../../../src/optimizers/apo/model.ts';
import { createPool } from '../../../src/optimizers/apo/pool.ts';
import { leadOfClimb, type State, startArm, withOwnStatements, worthOf } from '../../../src/optimizers/apo/state.ts';
import { answerParts, wholeTasks } from '../../../src/optimizers/apo/units.ts';
import { makeTask } from '../../helpers/task.ts';

function poolOf(prompt: string) {
  const train = Array.from({ length: 20 }, (_, index) => makeTask(`${index}?`, { expected: `w${index}` }));
  const units = answerParts(train);
  const pool = createPool(train, units);
  pool.addFrame(prompt, { operator: 'start', critique: '', rollouts: [] }, () => false);
  const [clerk, harm] = startArm(pool).statements as [number, number];
  return { train, units, pool, clerk, harm };
}

test('a sentence of the user is put back unless what was seen of it says that it harms whole answers', () => {
  const { train, units, pool, clerk, harm } = poolOf('You are a clerk. Sing before lunch.');
  const run = (statements: readonly number[], rest: number) =>
    train.map((_, task) => ({ arm: { frame: 0, statements }, task, outcome: { parts: [1], rest } }));
  const seen = [...run([clerk, harm], 0), ...run([harm], 0), ...run([clerk], 1), ...run([clerk], 1), ...run([], 1)];
  const model = fitModel(pool, units, seen);
  const context = { random: (...purpose: (string | number)[]) => createRandom(...purpose) };
  const kept = withOwnStatements({ pool, model, context } as unknown as State, { frame: 0, statements: [] });
  expect(kept.statements).toEqual([clerk]);
});

test('a sentence that critics object to is the first to be tried without', () => {
  const { units, pool, clerk, harm } = poolOf('You are a clerk. Sing before lunch.');
  const bestOf = () => {
    const model = fitModel(pool, units, []);
    return model.bestArm(model.mean).statements;
  };
  expect(bestOf()).toEqual([clerk, harm]);
  pool.object(harm);
  expect(bestOf()).toEqual([clerk]);
});

test.each([
  { which: 'get better', searched: [...Array(32).fill(0.1), ...Array(16).fill(0.5)], leads: false },
  { which: 'stand still at a low worth', searched: Array(48).fill(0.2), leads: true },
  { which: 'stand still at a high worth', searched: Array(48).fill(0.8), leads: false },
  { which: 'have hardly been tried', searched: Array(24).fill(0.2), leads: false },
])('whole prompts that are ahead by .25 lead over statements that $which: $leads', ({ searched, leads }) => {
  const train = ['late', 'wet'].map((state) =>
    makeTask(`The parcel is ${state}.`, { expected: 'Parcel: it comes on Monday.' }),
  );
  const pool = createPool(train, answerParts(train));
  pool.add('When a parcel is late, say Monday.', [], { operator: 'critic', critique: '', rollouts: [] });
  const lately = searched.at(-1) as number;
  const climb = { ranking: () => [{ proven: 8, value: lately + 0.25 }] };
  expect(leadOfClimb({ pool, climb, searched } as unknown as State) > 0).toBe(leads);
});

test('of several right answers none is worth less than another', () => {
  const task = makeTask('?', { expected: 'Paris', metadata: { expected_answers: ['Paris', 'Lutetia'] } });
  const state = { units: wholeTasks([task]), context: { train: [task] } } as unknown as State;
  const worth = (answer: string) => {
    const scored = { rollout: { answer }, grade: { status: 'scored', score: 1, reason: '' } };
    return worthOf(state, 0, scored as unknown as ScoredRollout);
  };
  expect([worth('Paris'), worth('Lutetia')]).toEqual([1, 1]);
  expect(worth('"Paris"')).toBeLessThan(1);
});
