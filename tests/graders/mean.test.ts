import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import type { Grader } from '../../src/graders/grader.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, replyOf, rolloutOf, taskOf } from '../helpers/contexts.ts';

const context = { folder: '.', environment: createEnvironment({}) };

function mean(of: readonly unknown[]): Promise<Grader> {
  return loadPlugin('grader', { use: 'mean', of }, context);
}

testGrader('mean', {
  create: () => mean(['exact', { use: 'contains', weight: 2 }]),
  task: { expected: '42' },
  good: '42',
  bad: 'forty-two',
});

const judge = replyOf('{"accuracy": 0.5, "reasoning": 0.5, "score": 0.5, "reason": "half"}');

describe('mean', () => {
  it('weighs its parts and shows each', async () => {
    const grader = await mean([
      { use: 'exact', weight: 1 },
      { use: 'llm', weight: 3 },
      { use: 'exact', strict: true, weight: 0 },
    ]);
    const grade = await grader.grade(rolloutOf('42.'), taskOf({ expected: '42' }), graderContext([judge]));
    expect(grade).toEqual({
      status: 'scored',
      score: (1 + 3 * 0.5) / 4,
      reason: 'exact 1.00: equals the expected answer; llm 0.50: half; exact#2 0.00: differs from the expected answer',
      parts: { exact: 1, llm: 0.5, 'exact#2': 0 },
    });
    expect(grader).toMatchObject({ needsExpected: true, usesModel: true });
  });

  it('is unscored when one part is, without paying for the others', async () => {
    const grader = await mean(['llm', 'exact']);
    const paid = graderContext([judge]);
    const grade = await grader.grade(rolloutOf('42'), taskOf(), paid);
    expect(grade).toEqual({ status: 'unscored', reason: 'exact: the task has no expected answer' });
    expect(paid.chats).toEqual([]);
  });

  it.each([
    [[], /of/],
    [[{ use: 'exact', weight: 0 }], /weight/],
    [[{ use: 'exact', weight: -1 }], /of/],
    [['nonsense'], /unknown grader "nonsense"/],
    [[{ use: 'exact', nonsense: 1 }], /exact/],
  ])('refuses the parts %j', async (of, message) => {
    await expect(mean(of)).rejects.toThrow(message);
  });
});
