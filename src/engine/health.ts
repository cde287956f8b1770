import { ApoError } from '../core/errors.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import type { EvaluationPurpose } from '../optimizers/optimizer.ts';

/** Rollouts that a health check looks at, so that small evaluations are judged together. */
const WINDOW = 20;
/** Fewer failures than this may be chance as long as there are few rollouts. */
const TELLING = 3;
/** Short answers may be right for many tasks; texts of this length never are the same by chance. */
const LONG_ANSWER = 200;

/** @throws ApoError `step-failed` when what came back says nothing about the prompt */
export type HealthCheck = (
  results: readonly ScoredRollout[],
  /** Those of them that were not seen before. */
  fresh: readonly ScoredRollout[],
  purpose: EvaluationPurpose,
) => void;

/**
 * Tells results from noise before a step is taken on them: too many failed or unscored rollouts, nothing but refusals, or the
 * same long answer to every task (a stuck cache). Equal scores alone are no alarm.
 * @param threshold share of failed or unscored rollouts above which the step stops
 */
export function createHealthCheck(threshold: number): HealthCheck {
  const recent: ScoredRollout[] = [];

  return (results, fresh, purpose) => {
    recent.push(...fresh);
    recent.splice(0, Math.max(0, recent.length - Math.max(WINDOW, fresh.length)));
    const judged = results.length >= WINDOW / 2 ? results : recent;
    checkFailures(judged, results, threshold, purpose);
    if (recent.length >= WINDOW) checkSameness(recent, purpose);
  };
}

function isHealthy({ rollout, grade }: ScoredRollout): boolean {
  return grade.status === 'scored' && rollout.failure?.kind !== 'infrastructure';
}

function checkFailures(
  judged: readonly ScoredRollout[],
  results: readonly ScoredRollout[],
  threshold: number,
  purpose: EvaluationPurpose,
): void {
  const sick = judged.filter((result) => !isHealthy(result));
  const enough = judged.length >= WINDOW || (judged === results && judged.length >= WINDOW / 2);
  if (sick.length < (enough ? 1 : TELLING) || sick.length / judged.length <= threshold || results.every(isHealthy))
    return;
  const reasons = new Map<string, number>();
  for (const { grade } of sick) reasons.set(grade.reason, (reasons.get(grade.reason) ?? 0) + 1);
  const [reason] = [...reasons].sort((a, b) => b[1] - a[1])[0] ?? [''];
  const share = Math.round((sick.length / judged.length) * 100);
  throw new ApoError(
    'step-failed',
    `${share} % of the rollouts are failed or unscored (limit ${Math.round(threshold * 100)} %) - in ${purpose.label}: ${reason}`,
    {
      hint: 'these are no bad answers, so training on them would mislead: fix the cause, then resume; or raise failureThreshold',
    },
  );
}

function checkSameness(recent: readonly ScoredRollout[], { label }: EvaluationPurpose): void {
  const hint = 'training on this would mislead: fix the cause, then start a new run';
  if (recent.every(({ rollout }) => rollout.status === 'refused')) {
    throw new ApoError('step-failed', `the last ${recent.length} rollouts were all refused - in ${label}`, {
      hint,
      resumable: false,
    });
  }
  const answer = recent[0]?.rollout.answer ?? '';
  const tasks = new Set(recent.map(({ rollout }) => rollout.taskId));
  if (tasks.size < WINDOW / 2 || answer.length < LONG_ANSWER) return;
  if (recent.every(({ rollout }) => rollout.answer === answer)) {
    throw new ApoError(
      'step-failed',
      `the answers to ${tasks.size} different tasks are the same text - in ${label}: is a cache stuck?`,
      { hint, resumable: false },
    );
  }
}

/** Replies of which all are unusable until training is seen to be without a critic or an editor. */
const USELESS_REPLIES = 6;

/**
 * Counts what becomes of the replies of critic and editor; one that is of no use is a lost proposal.
 * @throws ApoError `step-failed` when none of the first {@link USELESS_REPLIES} of a role was of any use
 */
export function createReplyCheck(): (role: 'critic' | 'editor', reason?: string) => undefined {
  const useful = new Set<string>();
  const lost = { critic: 0, editor: 0 };
  return (role, reason) => {
    if (reason === undefined) useful.add(role);
    else if (++lost[role] >= USELESS_REPLIES && !useful.has(role)) {
      throw new ApoError('step-failed', `none of ${lost[role]} replies of the ${role} model is usable: ${reason}`, {
        hint: `without a ${role} nothing can get better: choose another --${role}-model in a new run`,
        resumable: false,
      });
    }
    return undefined;
  };
}
