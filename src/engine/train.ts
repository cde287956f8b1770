import type { Agent } from '../agents/agent.ts';
import type { Canaries } from '../core/canaries.ts';
import type { Clock } from '../core/clock.ts';
import { ApoError, isApoError, messageOf } from '../core/errors.ts';
import type { Prompt } from '../core/prompt.ts';
import { createRandom } from '../core/random.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import type { Spotlights } from '../core/spotlight.ts';
import type { Task } from '../core/task.ts';
import type { Grader } from '../graders/grader.ts';
import { type FaultKind, ModelError } from '../models/model.ts';
import type { IterationReport, Kept, Optimizer, OptimizerContext } from '../optimizers/optimizer.ts';
import type { Store, StoredRollout } from '../stores/store.ts';
import type { Budget } from './budget.ts';
import type { Caller } from './calls.ts';
import { type Closing, createClosing, madeBefore } from './closing.ts';
import { createEvaluation, type Evaluation } from './evaluate.ts';
import { explain } from './explain.ts';
import { checkGold } from './gold.ts';
import { createReplyCheck } from './health.ts';
import { createLeakGuard, type LeakGuard } from './leaks.ts';
import { describeRun, type RunResult, round, roundInterval, summarize, type Tested } from './result.ts';
import { askGrader } from './rollout.ts';
import type { StopSwitch } from './stop.ts';
import { compare } from './verdict.ts';

export type TrainParts = {
  readonly runId: string;
  readonly seed: number;
  readonly iterations: number;
  readonly start: Prompt;
  readonly split: { readonly train: readonly Task[]; readonly val: readonly Task[]; readonly test: readonly Task[] };
  readonly optimizer: Optimizer;
  readonly agent: Agent;
  /** Provider of the agent's model, for the trace. */
  readonly provider: string;
  readonly grader: Grader;
  readonly store: Store;
  readonly caller: Caller;
  readonly budget: Budget;
  /** Ids of rollouts that were paid for under another rollout limit. Default: none. */
  readonly paidRollouts?: ReadonlySet<string>;
  readonly stop: StopSwitch;
  readonly clock: Clock;
  readonly concurrency: number;
  readonly rolloutTimeoutMs: number;
  readonly failureThreshold: number;
  readonly simulated: boolean;
  /** Planted in the system prompts of grader, critic and editor; left out, none are. */
  readonly canaries?: Canaries;
  /** How fenced data is shown to a role beyond its fence; left out, as it is. */
  readonly spotlights?: Spotlights;
  /** Why a proposal may not cost a rollout, or undefined. */
  readonly reject: (proposal: Prompt, parent: Prompt) => string | undefined;
  readonly observer: TrainObserver;
};

export type TrainObserver = {
  readonly onRollout?: (stored: StoredRollout) => void;
  readonly onIteration?: (report: IterationReport) => void;
};

export type TrainEnd = {
  readonly result: RunResult;
  /** What stopped the run from outside; undefined when the optimizer ended by itself. */
  readonly error: ApoError | undefined;
};

/**
 * One training run: let the optimizer spend the budget, look at the sealed test part once, and say what the data support.
 * Deterministic in (config, seed, journal). A run that is stopped still ends with the best prompt so far.
 */
export async function train(parts: TrainParts): Promise<TrainEnd> {
  const startedAt = parts.clock.now();
  const { train: training, val, test: sealed } = parts.split;
  parts.agent.validate(parts.start, [...training, ...val, ...sealed]);
  const leaks = createLeakGuard(parts.canaries, parts.spotlights);
  const wasMade = await madeBefore(parts.store, parts.runId);
  const { evaluate, end, idle } = createEvaluation({
    ...parts,
    wasMade,
    leaks,
    timeoutMs: parts.rolloutTimeoutMs,
    save: (rollouts) => parts.store.rollouts.save(rollouts),
    load: (promptId, taskId, sample) => loadRollout(parts, promptId, taskId, sample),
    onRollout: (stored) => parts.observer.onRollout?.(stored),
  });
  const closing = createClosing({
    ...parts,
    val,
    test: sealed,
    evaluate,
    wasMade,
    random: createRandom(parts.seed, 'comparison'),
  });
  let kept: Kept = { best: parts.start, baseline: [], final: [] };
  const context = createContext(parts, leaks, closing, (outcome) => {
    kept = outcome;
  });

  let outcome: Kept;
  let reason: string;
  let error: ApoError | undefined;
  let test: Tested | null = null;
  try {
    await checkGold(parts.grader, training, createRandom(parts.seed, 'gold'), (task, answer) =>
      askGrader({ ...parts, leaks }, { status: 'ok', answer, events: [] }, task, 0, parts.stop.signal),
    );
    ({ reason, ...outcome } = await parts.optimizer.run(context));
    kept = outcome;
    test = await lookAtTest(parts, evaluate, outcome.best);
    await end();
    if (reason === 'budget' && !(await hasSearched(parts))) throw tooSmall();
  } catch (thrown) {
    error = asApoError(parts.stop.reason ?? thrown);
    if (error === closing.reached) {
      await idle();
      await parts.caller.idle();
      try {
        kept = await closing.compare(kept);
      } catch (fault) {
        error = asApoError(fault);
      }
      error = asApoError(parts.stop.reason ?? error);
      if (parts.stop.reason === undefined && closing.affordsTest())
        test = await lookAtTest(parts, evaluate, kept.best).catch(nothingIfStopped);
    }
    parts.stop.request(error);
    outcome = kept;
    reason = error.code;
  }
  // Whatever an optimizer left behind: what is paid for is on disk before anything is summed up.
  await idle();
  await parts.caller.idle();

  const rollouts = await parts.store.rollouts.scores({ runId: parts.runId });
  const candidates = await parts.store.candidates.list(parts.runId);
  const result = describeRun({
    run: { runId: parts.runId, algorithm: parts.optimizer.name, seed: parts.seed, simulated: parts.simulated },
    start: parts.start,
    outcome,
    reason,
    error,
    test,
    rollouts,
    candidates,
    totals: await parts.store.journal.totals(parts.runId),
    leaks: leaks.counts(),
    explanation: outcome.explanation ?? explain(outcome.best, candidates, rollouts),
    durationMs: Math.round(parts.clock.now() - startedAt),
  });
  return { result, error };
}

/** Whether any prompt besides the start was thought of, asked for or run. */
async function hasSearched({ store, runId, start }: TrainParts): Promise<boolean> {
  const { calls } = await store.journal.totals(runId);
  if (calls.critic + calls.editor > 0) return true;
  const candidates = await store.candidates.list(runId);
  if (candidates.some(({ prompt }) => prompt.id !== start.id)) return true;
  return (await store.rollouts.scores({ runId })).some(({ promptId }) => promptId !== start.id);
}

/** Planning with a limit is the optimizer's; one that leaves nothing to plan is reached before it begins. */
function tooSmall(): ApoError {
  return new ApoError('budget-reached', 'the rollouts of the budget are too few to try any other prompt', {
    hint: 'resume with a larger --max-rollouts',
  });
}

async function loadRollout(
  { store, runId }: TrainParts,
  promptId: string,
  taskId: string,
  sample: number,
): Promise<ScoredRollout> {
  for await (const { rollout, grade } of store.rollouts.list({ runId, promptId, taskId })) {
    if (rollout.sample === sample) return { rollout, grade };
  }
  throw new ApoError('internal', `rollout of ${promptId} on ${taskId} is not in the store - run ${runId}`);
}

/** Faults of a request itself, which the same model will always have. */
const OF_THE_REQUEST: ReadonlySet<FaultKind> = new Set(['context-overflow', 'too-large', 'invalid']);

type Evaluate = Evaluation['evaluate'];

function createContext(
  parts: TrainParts,
  leaks: LeakGuard,
  closing: Closing,
  keep: OptimizerContext['keep'],
): OptimizerContext {
  const checkReplies = createReplyCheck();
  return {
    start: parts.start,
    train: parts.split.train,
    val: parts.split.val,
    iterations: parts.iterations,
    random: (...purpose) => createRandom(parts.seed, parts.optimizer.name, ...purpose),
    // The sealed part is paid for in advance: both prompts are looked at once.
    remainingRollouts: () => Math.max(0, parts.budget.remainingRollouts() - 2 * parts.split.test.length),
    evaluate: closing.evaluate,
    async ask(role, request, sample) {
      try {
        const messages = leaks.plant(role, request.messages);
        const reply = await closing.ask(() =>
          parts.caller.chat(role, { ...request, messages }, { sample, signal: parts.stop.signal }),
        );
        if (leaks.isLeak(reply.content)) {
          leaks.count(role);
          return undefined;
        }
        const unusable =
          ['refusal', 'content_filter'].includes(reply.finishReason) ||
          (role === 'editor' && reply.finishReason === 'length');
        if (unusable) return checkReplies(role, `finish reason ${reply.finishReason}`);
        return checkReplies(role) ?? leaks.read(role, reply.content);
      } catch (error) {
        if (isApoError(error)) throw error;
        // Down for now, not useless: what is paid for waits until the provider is back.
        const isDown = error instanceof ModelError && !OF_THE_REQUEST.has(error.kind);
        return checkReplies(role, messageOf(error), isDown);
      }
    },
    reject(proposal, parent) {
      try {
        parts.agent.validate(proposal);
      } catch (error) {
        if (isApoError(error)) return error.message;
        throw error;
      }
      return parts.reject(proposal, parent);
    },
    addCandidate: (candidate) => parts.store.candidates.save(parts.runId, candidate),
    report: (iteration) => parts.observer.onIteration?.(iteration),
    keep,
  };
}

async function lookAtTest(parts: TrainParts, evaluate: Evaluate, best: Prompt): Promise<Tested | null> {
  const tasks = parts.split.test;
  if (tasks.length === 0) return null;
  const trials = tasks.map((task) => ({ task, sample: 0 }));
  const purpose = { iteration: parts.iterations, split: 'test', label: 'the sealed test part' } as const;
  const before = await evaluate(parts.start, trials, purpose);
  const after = await evaluate(best, trials, purpose);
  const { difference, interval } = compare(before, after, createRandom(parts.seed, 'test'));
  const result = {
    baseline: summarize(parts.start, before),
    best: summarize(best, after),
    difference: round(difference),
    interval: roundInterval(interval),
  };
  return { result, rollouts: { before, after } };
}

function nothingIfStopped(error: unknown): null {
  asApoError(error);
  return null;
}

function asApoError(error: unknown): ApoError {
  if (isApoError(error)) return error;
  throw error;
}
