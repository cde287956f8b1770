import { describe, expect, it } from 'vitest';
import type { Grade } from '../../src/core/rollout.ts';
import createRegexGrader, { options } from '../../src/graders/regex.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

testGrader('regex', {
  create: () => createRegexGrader(options.parse({ pattern: '^\\d+$' })),
  good: '42',
  bad: 'forty-two',
});
testGrader('regex by the expected answer', {
  create: () => createRegexGrader(options.parse({ flags: 'i' })),
  task: { expected: 'par(is|ma)' },
  good: 'PARMA',
  bad: 'Rome',
});

function grade(answer: string, given: unknown, expected: string | null = null): Promise<Grade> {
  return createRegexGrader(options.parse(given)).grade(rolloutOf(answer), taskOf({ expected }), graderContext());
}

const long = 'a'.repeat(40);
const SLOW: readonly (readonly [pattern: string, answer: string])[] = [
  ['^(a+)+$', `${long}!`],
  ['^(a|aa)+$', `${long}${long}!`],
  ['^(a|a)*$', `${long}!`],
  ['^([a-zA-Z]+)*$', `${long}1`],
  ['^(.*a){20}$', `${long}!`],
  ['^(\\w+\\s?)*$', `${'word '.repeat(12)}!`],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'.repeat(60)],
];

describe('regex (R18, S21)', () => {
  it.each(SLOW)('leaves %s unscored instead of hanging', async (pattern, answer) => {
    let turns = 0;
    const beat = setInterval(() => turns++, 5);
    const result = await grade(answer, { pattern, timeoutMs: 150 });
    clearInterval(beat);
    expect(result).toEqual({ status: 'unscored', reason: 'the pattern took longer than 150 ms' });
    expect(turns).toBeGreaterThan(0);
  });

  it('works on after a timeout, also for checks that were waiting', async () => {
    const results = await Promise.all([
      grade(`${long}!`, { pattern: '^(a+)+$', timeoutMs: 100 }),
      grade('42', { pattern: '^\\d+$', timeoutMs: 2000 }),
      grade('no', { pattern: '^\\d+$', timeoutMs: 2000 }),
    ]);
    expect(results.map((result) => (result.status === 'scored' ? result.score : result.status))).toEqual([
      'unscored',
      1,
      0,
    ]);
  });

  it('refuses a wrong pattern of the config, and leaves a task with one unscored', async () => {
    expect(() => createRegexGrader(options.parse({ pattern: '(' }))).toThrow(
      expect.objectContaining({ code: 'plugin-invalid' }),
    );
    expect(await grade('x', {}, '(')).toMatchObject({
      status: 'unscored',
      reason: expect.stringContaining('cannot be used'),
    });
  });

  it('tells before anything is paid for that a pattern of a task is wrong', () => {
    const grader = createRegexGrader(options.parse({}));
    expect(grader.problemOf?.(taskOf({ expected: '[a-' }))).toMatch(/unterminated character class/i);
    expect(grader.problemOf?.(taskOf({ expected: '^a+$' }))).toBeUndefined();
    expect(createRegexGrader(options.parse({ pattern: 'a' })).problemOf?.(taskOf({ expected: '(' }))).toBeUndefined();
  });

  it.each(['g', 'y', 'x'])('refuses the flag %s', (flags) => {
    expect(options.safeParse({ pattern: 'a', flags }).success).toBe(false);
  });
});
