import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/core/task.ts';
import { type CleanOptions, createCleaner } from '../../src/datasets/clean.ts';
import { isGreeting } from '../../src/datasets/greeting.ts';
import { cleanTasks } from '../helpers/dataset.ts';
import { makeTask } from '../helpers/task.ts';

const NOW = Date.parse('2026-11-21T00:00:00Z');

function prepare(tasks: readonly Task[], options: Partial<CleanOptions> = {}) {
  const { tasks: kept, dropped } = cleanTasks(tasks, { now: NOW, ...options });
  return { kept: kept.map(({ input }) => input), dropped };
}

describe('createCleaner', () => {
  it('drops noise and counts it by reason', () => {
    const tasks = [
      makeTask('a real question'),
      makeTask(' \n'),
      makeTask('...'),
      makeTask('Hello! 👋'),
      makeTask('a real question'),
      makeTask('look', { metadata: { media: ['image'] } }),
      makeTask('x'.repeat(300_000)),
    ];
    expect(prepare(tasks)).toEqual({
      kept: ['a real question'],
      dropped: { empty: 2, greeting: 1, duplicate: 1, media: 1, 'too long': 1 },
    });
  });

  it('tells of duplicates that expect something else, but not of recorded answers in other words', () => {
    const tellings = (answers: readonly Partial<Task>[]): number => {
      let count = 0;
      const clean = createCleaner({ now: NOW }, () => count++);
      for (const answer of answers) clean(makeTask('the same question', answer));
      return count;
    };
    expect(tellings([{ expected: 'Yes' }, { expected: ' yes' }, { expected: null }])).toBe(0);
    expect(tellings([{ expected: 'yes' }, { expected: 'no' }, { expected: 'maybe' }])).toBe(2);
    expect(tellings([{ expected: null }, { expected: 'yes' }, { expected: 'no' }])).toBe(1);
    expect(tellings(['It is.', 'Yes.'].map((said) => ({ expected: said, observed: said })))).toBe(0);
  });

  it('the same question after another conversation is no duplicate', () => {
    const context = [{ role: 'user' as const, content: 'before' }];
    expect(prepare([makeTask('and now?'), makeTask('and now?', { context })]).kept).toHaveLength(2);
  });

  it('keeps media that the agent takes', () => {
    expect(prepare([makeTask('look', { metadata: { media: ['image'] } })], { media: ['image'] }).kept).toEqual([
      'look',
    ]);
  });

  it('a greeting with an answer that somebody wrote for it stays', () => {
    const written = makeTask('Hello', { expected: 'Good day, how can I help?' });
    const logged = makeTask('Hello', { expected: 'Hi', observed: 'Hi' });
    expect(prepare([written]).kept).toEqual(['Hello']);
    expect(prepare([logged]).dropped).toEqual({ greeting: 1 });
  });

  it('leaves out what is too old, and takes what has no date', () => {
    const at = (timestamp: string) => makeTask(timestamp, { metadata: { timestamp } });
    const tasks = [at('2026-11-20T00:00:00Z'), at('2026-10-01T00:00:00Z'), makeTask('no date'), at('some day')];
    expect(prepare(tasks, { maxAgeDays: 30 })).toEqual({
      kept: ['2026-11-20T00:00:00Z', 'no date', 'some day'],
      dropped: { 'too old': 1 },
    });
    expect(prepare(tasks, { maxAgeDays: Number.POSITIVE_INFINITY }).kept).toHaveLength(4);
  });

  it('filters by rating, also in stars', () => {
    const rated = (rating: number) => makeTask(`rated ${rating}`, { metadata: { rating } });
    const tasks = [rated(0.5), rated(0.75), rated(1), makeTask('unrated')];
    const expected = { kept: ['rated 0.75', 'rated 1'], dropped: { 'below rating': 1, unrated: 1 } };
    expect(prepare(tasks, { minRating: 0.75 })).toEqual(expected);
    expect(prepare(tasks, { minRating: 4 })).toEqual(expected);
  });

  it('filters by category and difficulty, and takes the first of what is left', () => {
    const tasks = [
      makeTask('a', { category: 'Math', difficulty: 'easy' }),
      makeTask('b', { category: 'math', difficulty: 'hard' }),
      makeTask('c', { category: 'art', difficulty: 'hard' }),
      makeTask('d', { category: 'math', difficulty: 'hard' }),
    ];
    expect(prepare(tasks, { categories: ['MATH'], difficulties: ['hard'], limit: 1 })).toEqual({
      kept: ['b'],
      dropped: { 'other difficulty': 1, 'other category': 1, 'over limit': 1 },
    });
  });
});

describe('isGreeting', () => {
  it.each([
    'hi',
    'Hello!',
    'hellooo',
    'Thank you very much.',
    'good morning :)',
    '👋',
    'Привет!',
    '¡Hola!',
    'Grüß Gott',
    '你好',
    'こんにちは',
    'नमस्ते',
    "how's it going?",
    'Merci !',
  ])('%s only greets', (text) => {
    expect(isGreeting(text)).toBe(true);
  });

  it.each(['hi, where is my order?', 'yes', 'ok', 'hello world program in C', '42', '?', 'Is "hola" Spanish?'])(
    '%s asks something',
    (text) => {
      expect(isGreeting(text)).toBe(false);
    },
  );
});
