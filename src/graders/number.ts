import { z } from 'zod';
import { expectedAnswers } from '../core/task.ts';
import type { Grader } from './grader.ts';
import { type Quantity, quantitiesIn } from './number/parse.ts';
import { bestOf, problemOfAll } from './shared/best.ts';
import { gradeOfMissing, scored, unscored } from './shared/grade.ts';

/** Decimal fractions and unit conversions are not exact in doubles: what is equal on paper must count as equal. */
const ROUNDING = 1e-9;

/** Of the end (or start) of an answer that is searched for its number, so that none takes longer than milliseconds. */
const MAX_CHARACTERS = 20_000;

export const options = z.strictObject({
  /** Largest difference that still counts, in the unit of the expected answer. */
  tolerance: z.number().min(0).default(0),
  /** Largest difference relative to the expected number: 0.01 is one percent. The wider of both tolerances counts. */
  relativeTolerance: z.number().min(0).default(0),
  /** Which number of the answer counts (and of the expected answer, where it has several). */
  pick: z.enum(['last', 'first']).default('last'),
  /** Decimal mark; `auto` reads `1,234.5` and `1.234,5` alike, and `1,234` as 1234. */
  decimal: z.enum(['auto', '.', ',']).default('auto'),
});

/**
 * 1 when the answer's number is the expected one within the tolerance, else 0. Known units are converted when both have
 * one; a unit that only one side has is ignored, except that a lone percent sign may also mean hundredths.
 */
export default function createNumberGrader(given: z.infer<typeof options>): Grader {
  const { tolerance, relativeTolerance, pick, decimal } = given;
  const numberIn = (text: string): Quantity | undefined =>
    pick === 'last'
      ? quantitiesIn(text.slice(-MAX_CHARACTERS), decimal).at(-1)
      : quantitiesIn(text.slice(0, MAX_CHARACTERS), decimal)[0];
  const isClose = (value: number, expected: number): boolean =>
    Math.abs(value - expected) <=
    Math.max(tolerance, relativeTolerance * Math.abs(expected)) + ROUNDING * Math.abs(expected);

  return {
    name: 'number',
    identity: { grader: 'number', tolerance, relativeTolerance, pick, decimal },
    needsExpected: true,
    usesModel: false,
    problemOf(task) {
      return problemOfAll(task, expectedAnswers, (expected) =>
        numberIn(expected) === undefined ? 'the expected answer has no number' : undefined,
      );
    },
    grade: bestOf(async (rollout, task) => {
      if (task.expected === null) return unscored('the task has no expected answer');
      const expected = numberIn(task.expected);
      if (expected === undefined) return unscored('the expected answer has no number');
      const missing = gradeOfMissing(rollout);
      if (missing !== undefined) return missing;
      const answer = numberIn(rollout.answer);
      if (answer === undefined) return scored(0, 'the answer has no number');
      const readings = readingsOf(answer, expected);
      if (readings.length === 0) {
        return scored(0, `${answer.unit?.dimension} instead of ${expected.unit?.dimension}`);
      }
      return readings.some((value) => isClose(value, expected.value))
        ? scored(1, `${answer.value} equals the expected ${expected.value}`)
        : scored(0, `${answer.value} instead of ${expected.value}`);
    }),
  };
}

/** What the answer's number may mean in the unit of the expected one; nothing when they measure different things. */
function readingsOf(answer: Quantity, expected: Quantity): readonly number[] {
  if (answer.unit !== undefined && expected.unit !== undefined) {
    if (answer.unit.dimension !== expected.unit.dimension) return [];
    return [(answer.value * answer.unit.factor) / expected.unit.factor];
  }
  if (answer.unit?.dimension === 'percent') return [answer.value, (answer.value * answer.unit.factor) / 100];
  if (expected.unit?.dimension === 'percent') return [answer.value, (answer.value * 100) / expected.unit.factor];
  return [answer.value];
}
