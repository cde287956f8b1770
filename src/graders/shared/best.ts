import type { Grade } from '../../core/rollout.ts';
import { expectedAnswers, type Task } from '../../core/task.ts';
import type { Grader } from '../grader.ts';

/**
 * The best grade over all answers that are right (see {@link expectedAnswers}): for graders that compare with
 * `task.expected` and cost nothing.
 */
export function bestOf(
  grade: Grader['grade'],
  answersOf: (task: Task) => readonly string[] = expectedAnswers,
): Grader['grade'] {
  return async (rollout, task, context) => {
    const answers = answersOf(task);
    if (answers.length < 2) return grade(rollout, task, context);
    return bestGrade(await Promise.all(answers.map((expected) => grade(rollout, { ...task, expected }, context))));
  };
}

/** The highest of one or more grades, of equal ones the first; a score of 0 is higher than none. */
export function bestGrade(grades: readonly Grade[]): Grade {
  const worthOf = (grade: Grade): number => (grade.status === 'scored' ? grade.score : -1);
  return grades.reduce((best, next) => (worthOf(next) > worthOf(best) ? next : best));
}

/** Why none of the answers that are right can be compared with; undefined when one can. */
export function problemOfAll(
  task: Task,
  answersOf: (task: Task) => readonly string[],
  problemOf: (expected: string) => string | undefined,
): string | undefined {
  const problems = answersOf(task).map(problemOf);
  return problems.includes(undefined) ? undefined : problems[0];
}
