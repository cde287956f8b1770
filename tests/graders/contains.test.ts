import { describe, expect, it } from 'vitest';
import createContainsGrader, { options } from '../../src/graders/contains.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

testGrader('contains', {
  create: () => createContainsGrader(options.parse({})),
  task: { expected: 'Paris' },
  good: 'It is PARIS, I think',
  bad: 'Rome',
});
testGrader('contains with values', {
  create: () => createContainsGrader(options.parse({ values: ['red', 'green'], mode: 'any' })),
  good: 'Green.',
  bad: 'blue',
});

async function gradeOf(answer: string, given: unknown, expected: string | null = null): Promise<unknown> {
  const grader = createContainsGrader(options.parse(given));
  const grade = await grader.grade(rolloutOf(answer), taskOf({ expected }), graderContext());
  return grade.status === 'scored' ? grade.score : grade.reason;
}

describe('contains', () => {
  it('wants all values, or any', async () => {
    const values = ['red', 'green'];
    expect(await gradeOf('red and green', { values })).toBe(1);
    expect(await gradeOf('red', { values })).toBe(0);
    expect(await gradeOf('red', { values, mode: 'any' })).toBe(1);
  });

  it('can be strict', async () => {
    expect(await gradeOf('PARIS', { strict: true }, 'Paris')).toBe(0);
    expect(await gradeOf('in Paris', { strict: true }, 'Paris')).toBe(1);
  });

  it('does not find an empty text everywhere', async () => {
    expect(await gradeOf('anything', {}, ' ')).toBe('every answer contains an empty text');
  });
});
