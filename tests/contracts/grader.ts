import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Grade } from '../../src/core/rollout.ts';
import type { Task } from '../../src/core/task.ts';
import type { Grader } from '../../src/graders/grader.ts';
import type { ChatReply } from '../../src/models/model.ts';
import { graderContext, replyOf, rolloutOf, taskOf } from '../helpers/contexts.ts';

export type GraderCase = {
  readonly create: () => Promise<Grader> | Grader;
  readonly task?: Partial<Task>;
  readonly good: string;
  readonly bad: string;
  /** What the model says about an answer, for graders that ask one. */
  readonly judge?: (isGood: boolean) => ChatReply;
};

/** Texts that break naive readers: syntax of every kind, hidden characters, half characters, long runs. */
const hostileText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('{', '}', '"', '\\', '```json\n', '1e999', '-', ',', '.', '%', '\ud800', '\u202e', '(', ' ', 'a'),
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(
    '',
    ' ',
    '{'.repeat(5000),
    '9'.repeat(5000),
    '1,'.repeat(5000),
    '['.repeat(5000),
    '((((x'.repeat(999),
  ),
);

/** What every grader promises. */
export function testGrader(name: string, { create, good, bad, judge, ...given }: GraderCase): void {
  const task = taskOf(given.task);
  const context = (isGood: boolean) => graderContext(judge === undefined ? [] : () => judge(isGood));
  const grade = async (answer: string, on: Task = task): Promise<Grade> =>
    (await create()).grade(rolloutOf(answer), on, context(answer === good));

  describe(`${name} as a grader`, () => {
    it('tells a good answer from a bad one, with a reason', async () => {
      const better = await grade(good);
      const worse = await grade(bad);
      expect(better).toMatchObject({ status: 'scored', reason: expect.any(String) });
      expect(better.status === 'scored' && better.score).toBeGreaterThanOrEqual(0.9);
      expect(worse.status === 'scored' && worse.score).toBeLessThanOrEqual(0.5);
    });

    it('grades the same answer the same', async () => {
      expect(await grade(good)).toEqual(await grade(good));
    });

    it('has an identity that is JSON and the same for the same options', async () => {
      const { identity } = await create();
      expect(JSON.parse(JSON.stringify(identity))).toEqual(identity);
      expect((await create()).identity).toEqual(identity);
    });

    it('asks the model only if it says so', async () => {
      const grader = await create();
      const asked = context(true);
      await grader.grade(rolloutOf(good), task, asked);
      expect(asked.chats.length > 0).toBe(grader.usesModel);
    });

    it('leaves a task without an expected answer unscored if it needs one', async () => {
      const grader = await create();
      const result = await grade(good, { ...task, expected: null });
      expect(result.status).toBe(grader.needsExpected ? 'unscored' : 'scored');
    });

    it('leaves failed rollouts unscored, and refused or cut ones only when they have no text', async () => {
      const grader = await create();
      const statusOf = async (parts: Parameters<typeof rolloutOf>[1], answer = good): Promise<string> =>
        (await grader.grade(rolloutOf(answer, parts), task, context(true))).status;
      expect(await statusOf({ status: 'failed' })).toBe('unscored');
      expect(await statusOf({ status: 'refused' }, ' ')).toBe('unscored');
      expect(await statusOf({ status: 'truncated' }, '')).toBe('unscored');
      expect(await statusOf({ status: 'refused' })).toBe('scored');
      expect(await statusOf({ status: 'truncated' })).toBe('scored');
    });

    it('never throws, and never scores outside of 0..1, whatever answer, expectation and model say', async () => {
      const grader = await create();
      await fc.assert(
        fc.asyncProperty(hostileText, fc.option(hostileText), hostileText, async (answer, expected, said) => {
          const result = await grader.grade(
            rolloutOf(answer),
            { ...task, expected },
            graderContext(() => replyOf(said)),
          );
          if (result.status === 'scored') {
            expect(result.score).toBeGreaterThanOrEqual(0);
            expect(result.score).toBeLessThanOrEqual(1);
          } else {
            expect(result.reason).not.toBe('');
          }
        }),
        { numRuns: 150 },
      );
    });
  });
}
