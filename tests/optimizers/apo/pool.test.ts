import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Task } from '../../../src/core/task.ts';
import type { Origin } from '../../../src/optimizers/apo/arm.ts';
import { createPool } from '../../../src/optimizers/apo/pool.ts';
import { answerParts, showsParts, wholeTasks } from '../../../src/optimizers/apo/units.ts';

const origin: Origin = { operator: 'start', critique: '', rollouts: [] };

function taskOf(input: string, expected: string | null): Task {
  return { id: input, input, context: [], expected, observed: null, category: null, difficulty: null, metadata: {} };
}

const tasks = [
  taskOf('Hi, I am Mia. My parcel is late. When will it come?', 'Hi Mia. Parcel: it comes on Monday.'),
  taskOf('Hi, I am Ben. Who pays the return?', 'Hi Ben. Return: we pay. Signed the desk.'),
  taskOf('Hi, I am Zoe. My parcel is wet. Who pays the return?', 'Hi Zoe. Parcel: it comes on Monday. Return: we pay.'),
];

function poolOf(prompt: string) {
  const pool = createPool(tasks, answerParts(tasks));
  const frame = pool.addFrame(prompt, origin, ({ raw }) => raw.includes('{{'));
  return { pool, all: frame.pieces.flatMap(({ statement }) => statement ?? []) };
}

test('all statements of a prompt render as the prompt', () => {
  const sentences = [
    'You are an agent.',
    'Be exact.',
    '- Sign as Ann.',
    '\n',
    '# Rules',
    '1. Pay in euros.',
    'Use {{tool}}.',
  ];
  fc.assert(
    fc.property(fc.uniqueArray(fc.constantFrom(...sentences), { minLength: 1 }), (lines) => {
      const prompt = lines
        .join('\n')
        .replace(/\n{3,}/g, '\n\n')
        .trim();
      const { pool, all } = poolOf(prompt);
      expect(pool.render({ frame: 0, statements: all })).toBe(prompt);
    }),
  );
});

test('a statement that is not chosen is gone, what is fixed stays, and a new one is a bullet', () => {
  const { pool, all } = poolOf('You are an agent. Be funny.\nUse {{tool}}.');
  const added = pool.add('For parcels, name the day.', [], origin);
  const [first, , tool] = all as [number, number, number];
  expect(pool.render({ frame: 0, statements: [first, tool, added] })).toBe(
    'You are an agent. \nUse {{tool}}.\n\n- For parcels, name the day.',
  );
  expect(pool.render({ frame: pool.addBareFrame().index, statements: [added] })).toBe(
    'Use {{tool}}.\n\n- For parcels, name the day.',
  );
});

test('the same words are one statement, other wordings of a rule one meaning, other rules another', () => {
  const { pool } = poolOf('You are an agent.');
  const a = pool.add('For a return, say that we pay.', [], origin);
  expect(pool.add('For a return, say that we pay!', [1], origin)).toBe(a);
  const b = pool.add('About a return, say that we pay.', [], origin);
  const c = pool.add('For a parcel, say that it comes on Monday.', [], origin);
  expect(pool.statements[b]?.meaning).toBe(pool.statements[a]?.meaning);
  expect(pool.statements[c]?.meaning).not.toBe(pool.statements[a]?.meaning);
});

test('parts of expected answers that tasks share are one kind, and greetings copied from the task are none', () => {
  const { kinds, ofTask } = answerParts(tasks);
  expect(kinds.map(({ tasks: of }) => of)).toEqual([[0, 2], [1, 2], [1]]);
  expect(ofTask).toEqual([[0], [1, 2], [0, 1]]);
});

test('a wrong answer shows which parts it has', () => {
  const { outcome } = answerParts(tasks);
  expect(outcome(2, 'Hi Zoe. Parcel: who knows. Return: we pay.', 0)).toEqual({ parts: [0, 1], rest: undefined });
  expect(outcome(2, 'Hi Zoe. Parcel: it comes on Monday. Return: we pay. Haha.', 0)).toEqual({
    parts: [1, 1],
    rest: 0,
  });
  expect(outcome(2, 'worded differently, but right', 1)).toEqual({ parts: [1, 1], rest: 1 });
});

test('answers that never show parts are taken as a whole', () => {
  const parts = answerParts(tasks);
  const seen = (answer: string, reward: number) => Array.from({ length: 15 }, () => ({ task: 2, answer, reward }));
  expect(showsParts(parts, seen('Hi Zoe. Return: we pay.', 0))).toBe(true);
  expect(showsParts(parts, seen('Sorry?', 0))).toBe(false);
  expect(showsParts(parts, seen('Free words that a judge likes', 1))).toBe(false);
  expect(wholeTasks(tasks).outcome(2, 'anything', 0.4)).toEqual({ parts: [0.4], rest: undefined });
});

test('a statement concerns the kind that its words and its evidence point at', () => {
  const { pool } = poolOf('You are an agent.');
  expect(pool.concern(pool.add('When a parcel is late, say Monday.', [], origin)).main).toBe(0);
  expect(pool.concern(pool.add('Think about everything twice.', [], origin)).main).toBe(-1);
});

test('rules of one form for different cases are two rules, wordings of one are not', () => {
  const orders = ['refund', 'login', 'refund', 'login', 'parcel', 'parcel'].map((topic, index) =>
    taskOf(`A question about my ${topic}, number ${index}.`, `${topic.slice(0, 3)}-${index}`),
  );
  const pool = createPool(orders, answerParts(orders));
  const rule = (topic: string, code: string): string =>
    `For ${topic} questions, start with ${code}, then the item in capitals and the customer's number, joined by hyphens.`;
  const [refund, login, again] = [rule('refund', 'REF'), rule('login', 'LOG'), rule('refund', 'RFD')];
  expect(pool.isSame(refund, login)).toBe(false);
  expect(pool.isSame(refund, again)).toBe(true);
  const [first, second, third] = [refund, login, again].map((text) => pool.add(text, [], origin));
  const meanings = [first, second, third].map((index) => pool.statements[index as number]?.meaning);
  expect(meanings[1]).not.toBe(meanings[0]);
  expect(meanings[2]).toBe(meanings[0]);
});
