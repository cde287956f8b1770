import type { Grade, Rollout } from '../../core/rollout.ts';

export function scored(score: number, reason: string): Grade {
  return { status: 'scored', score, reason };
}

export function unscored(reason: string): Grade {
  return { status: 'unscored', reason };
}

/**
 * The grade of a rollout that left nothing to grade, else undefined. A failed rollout says nothing about how good its
 * text is; a refused or truncated one is graded by the text that exists.
 */
export function gradeOfMissing({ status, answer }: Pick<Rollout, 'status' | 'answer'>): Grade | undefined {
  if (status === 'failed') return unscored('the rollout failed');
  if (status !== 'ok' && answer.trim() === '') return unscored(`no answer: the rollout was ${status}`);
  return undefined;
}
