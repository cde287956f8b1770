import { ApoError } from '../core/errors.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import { binomialTail } from '../core/statistics.ts';
import type { EvaluationPurpose } from '../optimizers/optimizer.ts';

/** Rollouts that a health check looks at, so that small evaluations are judged together. */
const WINDOW = 20;
/** Fewer failures than this may be chance as long as there are few rollouts. */
const TELLING = 3;
/** Chance to see so many failures where no more than the allowed share fails, below which one step, or the window, is bad. */
const STEP_CHANCE = 0.015;
/** The same for all rollouts of the run, which are looked at again and again but say more. */
const RUN_CHANCE = 0.1;
/** Share of rollouts that ended without an answer above which it is hardly the tasks' doing. */
const NEARLY_ALL = 0.9;
/** Short answers may be right for many tasks; texts of this length never are the same by chance. */
const LONG_ANSWER = 200;

/** @throws ApoError `step-failed` when what came back says nothing about the prompt */
export type HealthCheck = {
  step(
    results: readonly ScoredRollout[],
    /** Those of them that were not seen before. */
    fresh: readonly ScoredRollout[],
    purpose: EvaluationPurpose,
  ): void;
  /** For a run that was too short for any alarm, and in which nothing was ever answered. */
  end(): void;
};

/**
 * Tells results from noise before a step is taken on them: too many failed or unscored rollouts, (nearly) nothing but
 * rollouts without an answer, or the same long answer to every task (a stuck cache). Equal scores alone are no alarm.
 *
 * What an agent does wrong on one task (too many tool calls, an empty answer, a context that is too long, a refusal) is a
 * fact about that rollout, and what a proposal makes it do wrong everywhere is a fact about that proposal; that is what
 * training is about. On (nearly) every task of several prompts, or from the first rollout on, it is neither.
 * @param threshold share of failed or unscored rollouts above which the step stops
 */
export function createHealthCheck(threshold: number): HealthCheck {
  const recent: ScoredRollout[] = [];
  let seen = 0;
  let sickSeen = 0;
  let hasAnswer = false;

  /**
   * A share above the threshold stops the run, but not by chance: a grader that leaves 3 % unscored has 3 of some 20 rollouts
   * unscored now and then.
   * @param shown rollouts whose most frequent reason is told
   */
  function refuseShare(
    { sick, of, chance }: { readonly sick: number; readonly of: number; readonly chance: number },
    shown: readonly ScoredRollout[],
    { label }: EvaluationPurpose,
  ): void {
    if (sick < (of < WINDOW / 2 ? TELLING : 1) || sick / of <= threshold) return;
    if (binomialTail(sick, of, threshold) >= chance) return;
    const reason = mostFrequent(shown.filter(isSick).map(({ grade }) => grade.reason));
    throw new ApoError(
      'step-failed',
      `${Math.round((sick / of) * 100)} % of the rollouts are failed or unscored (limit ${Math.round(threshold * 100)} %) - in ${label}: ${reason}`,
      {
        hint: 'these are no bad answers, so training on them would mislead: fix the cause, then resume; a new run may have a higher failureThreshold',
      },
    );
  }

  return {
    step(results, fresh, purpose) {
      recent.push(...fresh);
      recent.splice(0, Math.max(0, recent.length - Math.max(WINDOW, fresh.length)));
      seen += fresh.length;
      hasAnswer ||= fresh.some((result) => !isEmpty(result));
      sickSeen += fresh.filter(isSick).length;
      const judged = results.length >= WINDOW / 2 ? results : recent;
      refuseShare({ sick: judged.filter(isSick).length, of: judged.length, chance: STEP_CHANCE }, judged, purpose);
      if (seen >= WINDOW) refuseShare({ sick: sickSeen, of: seen, chance: RUN_CHANCE }, recent, purpose);
      if (!hasAnswer && seen >= WINDOW / 2) throw withoutAnswers(recent, seen, purpose.label);
      if (recent.length < WINDOW) return;
      const prompts = new Set(recent.map(({ rollout }) => rollout.promptId));
      const empty = recent.filter(isEmpty);
      if (prompts.size > 1 && empty.length >= NEARLY_ALL * recent.length)
        throw withoutAnswers(empty, recent.length, purpose.label);
      checkSameness(recent, purpose);
    },
    end() {
      if (seen > 0 && !hasAnswer) throw withoutAnswers(recent, seen, 'the whole run');
    },
  };
}

/** Whether the agent's part of it ended without an answer; faults of the provider are counted by themselves. */
function isEmpty({ rollout }: ScoredRollout): boolean {
  return rollout.status === 'refused' || rollout.failure?.kind === 'agent';
}

function withoutAnswers(empty: readonly ScoredRollout[], total: number, label: string): ApoError {
  const reason = mostFrequent(
    empty.map(({ rollout }) => rollout.failure?.message ?? 'the model or its content filter refused'),
  );
  const which = empty.length < total ? `${empty.length} of the last ${total}` : `all of the last ${total}`;
  return new ApoError('step-failed', `${which} rollouts failed or were refused - in ${label}: ${reason}`, {
    hint: 'this is hardly the doing of a prompt, and training on it would mislead: fix the agent, its model or the tasks, then start a new run',
    resumable: false,
  });
}

function mostFrequent(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

function isSick({ rollout, grade }: ScoredRollout): boolean {
  return grade.status === 'unscored' || rollout.failure?.kind === 'infrastructure';
}

function checkSameness(recent: readonly ScoredRollout[], { label }: EvaluationPurpose): void {
  const answer = recent[0]?.rollout.answer ?? '';
  const tasks = new Set(recent.map(({ rollout }) => rollout.taskId));
  if (tasks.size < WINDOW / 2 || answer.length < LONG_ANSWER) return;
  if (recent.every(({ rollout }) => rollout.answer === answer)) {
    throw new ApoError(
      'step-failed',
      `the answers to ${tasks.size} different tasks are the same text - in ${label}: is a cache stuck?`,
      { hint: 'training on this would mislead: fix the cause, then start a new run', resumable: false },
    );
  }
}

/** Replies of which all are unusable until training is seen to be without a critic or an editor. */
const USELESS_REPLIES = 6;

/**
 * Counts what becomes of the replies of critic and editor; one that is of no use is a lost proposal.
 * @throws ApoError when none of the first {@link USELESS_REPLIES} of a role was of any use: `provider-unavailable`, which can
 * be resumed, when the last one was lost to the provider (`isDown`), else `step-failed`
 */
export function createReplyCheck(): (role: 'critic' | 'editor', reason?: string, isDown?: boolean) => undefined {
  const useful = new Set<string>();
  const lost = { critic: 0, editor: 0 };
  return (role, reason, isDown = false) => {
    if (reason === undefined) useful.add(role);
    else if (++lost[role] >= USELESS_REPLIES && !useful.has(role)) {
      const message = `none of ${lost[role]} replies of the ${role} model is usable: ${reason}`;
      throw isDown
        ? new ApoError('provider-unavailable', message, { hint: 'wait until the provider answers again, then resume' })
        : new ApoError('step-failed', message, {
            hint: `without a ${role} nothing can get better: choose another --${role}-model in a new run`,
            resumable: false,
          });
    }
    return undefined;
  };
}
