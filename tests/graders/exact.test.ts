import { describe, expect, it } from 'vitest';
import createExactGrader from '../../src/graders/exact.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

testGrader('exact', {
  create: () => createExactGrader({ strict: false }),
  task: { expected: 'Paris' },
  good: 'paris.',
  bad: 'Paris or Rome',
});

async function scoreOf(answer: string, expected: string, strict = false): Promise<unknown> {
  const grade = await createExactGrader({ strict }).grade(rolloutOf(answer), taskOf({ expected }), graderContext());
  return grade.status === 'scored' ? grade.score : grade.status;
}

describe('exact', () => {
  it.each([
    ['  The  Answer\n', 'the answer'],
    ['"Yes!"', 'yes'],
    ['**B**', '(b)'],
    ['ﬁne １２', 'fine 12'],
    ['cafe\u0301', 'café'],
    ['?', '?'],
  ])('takes %j for %j', async (answer, expected) => {
    expect(await scoreOf(answer, expected)).toBe(1);
    expect(await scoreOf(answer, expected, true)).toBe(answer === expected ? 1 : 0);
  });

  it.each([
    ['-5', '5'],
    ['.5', '5'],
    ['5%', '5'],
    ['#5', '5'],
    ['C++', 'C'],
    ['', 'x'],
    ['?', '!'],
  ])('does not take %j for %j', async (answer, expected) => {
    expect(await scoreOf(answer, expected)).toBe(0);
  });
});
