import { describe, expect, it } from 'vitest';
import createLengthGrader, { options } from '../../src/graders/length.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

testGrader('length', {
  create: () => createLengthGrader(options.parse({ free: 10 })),
  good: 'short',
  bad: 'a very long answer that nobody wanted',
});

describe('length', () => {
  it('falls evenly between the two limits', async () => {
    const grader = createLengthGrader(options.parse({ free: 10, most: 20 }));
    const score = async (length: number) =>
      (await grader.grade(rolloutOf('x'.repeat(length)), taskOf(), graderContext())) as { score: number };
    expect((await score(10)).score).toBe(1);
    expect((await score(15)).score).toBe(0.5);
    expect((await score(20)).score).toBe(0);
  });
});
