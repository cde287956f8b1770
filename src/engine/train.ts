import { setImmediate } from 'node:timers/promises';
import type { Canaries } from '../core/canaries.ts';
import type { Clock } from '../core/clock.ts';
import { ApoError, isApoError } from '../core/errors.ts';
import type { Prompt } from '../core/prompt.ts';
import { createRandom } from '../core/random.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import type { Spotlights } from '../core/spotlight.ts';
import type { Grader } from '../graders/grader.ts';
import type { Kept } from '../optimizers/optimizer.ts';
import type { StoredRollout } from '../stores/store.ts';
import { type Closing, createClosing, madeBefore } from './closing.ts';
import { type ContextParts, createContext } from './context.ts';
import { createEvaluator, type Evaluator } from './evaluate.ts';
import { explain } from './explain.ts';
import { checkGold } from './gold.ts';
import { createLeakGuard } from './leaks.ts';
import { describeRun, type RunResult, round, roundInterval, summarise, type Tested } from './result.ts';
import { askGrader, type RolloutParts } from './rollout.ts';
import { compare } from './verdict.ts';

export type TrainParts = ContextParts & {
  /** Provider of the agent's model, for the trace. */
  readonly provider: string;
  readonly grader: Grader;
  /** Ids of rollouts that were paid for under another rollout limit. Default: none. */
  readonly paidRollouts?: ReadonlySet<string>;
  readonly regrades?: RolloutParts['regrades'];
  readonly clock: Clock;
  /** Calls in flight at most, whatever their role. */
  readonly concurrency: number;
  readonly rolloutTimeoutMs: number;
  /** Share of failed or unscored rollouts above which a step stops, 0 to 1. */
  readonly failureThreshold: number;
  readonly simulated: boolean;
  /** Planted in the system prompts of grader, critic and editor; left out, none are. */
  readonly canaries?: Canaries;
  /** How fenced data is shown to a role beyond its fence; left out, as it is. */
  readonly spotlights?: Spotlights;
  readonly observer: { readonly onRollout?: (stored: StoredRollout) => void };
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
  const { evaluate, end, idle } = createEvaluator({
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
  const settled = async (): Promise<void> => {
    await idle();
    await parts.caller.idle();
    // An optimizer that measures beside its search keeps what came of it in the turn after.
    await setImmediate();
  };

  let reason: string;
  let error: ApoError | undefined;
  let test: Tested | null = null;
  try {
    await checkGold(parts.grader, training, createRandom(parts.seed, 'gold'), (task, answer) =>
      askGrader({ ...parts, leaks }, { status: 'ok', answer, events: [] }, task, 0, parts.stop.signal),
    );
    ({ reason, ...kept } = await parts.optimizer.run(context));
    test = await lookAtTest(parts, evaluate, kept.best);
    await end();
    if (reason === 'budget' && !(await hasSearched(parts))) throw tooSmall();
  } catch (thrown) {
    error = asApoError(parts.stop.reason ?? thrown);
    // What a limit still let in is run: how far it has got decides nothing.
    if (error.code === 'budget-reached') await settled();
    if (error === closing.reached || (error.code === 'budget-reached' && kept.baseline.length === 0)) {
      ({ kept, test, error } = await concludeSearch(parts, closing, evaluate, kept, error));
    }
    parts.stop.request(error);
    reason = error.code;
  }
  // Whatever an optimizer left behind: what is paid for is on disk before anything is summed up.
  await settled();

  const rollouts = await parts.store.rollouts.scores({ runId: parts.runId });
  const candidates = await parts.store.candidates.list(parts.runId);
  const result = describeRun({
    run: { runId: parts.runId, algorithm: parts.optimizer.name, seed: parts.seed, simulated: parts.simulated },
    start: parts.start,
    outcome: kept,
    reason,
    error,
    test,
    rollouts,
    candidates,
    totals: await parts.store.journal.totals(parts.runId),
    leaks: leaks.counts(),
    explanation: kept.explanation ?? explain(kept.best, candidates, rollouts),
    durationMs: Math.round(parts.clock.now() - startedAt),
  });
  return { result, error };
}

/**
 * A limit has ended the search, and what was kept or is left of it pays for the comparison, perhaps for the sealed test part too.
 * What goes wrong now is why the run ends, instead of the limit.
 */
async function concludeSearch(
  parts: TrainParts,
  closing: Closing,
  evaluate: Evaluator['evaluate'],
  kept: Kept,
  reached: ApoError,
): Promise<{ readonly kept: Kept; readonly test: Tested | null; readonly error: ApoError }> {
  let compared = kept;
  let fault: ApoError | undefined;
  try {
    compared = await closing.compare(kept);
  } catch (thrown) {
    fault = asApoError(thrown);
  }
  const isStopped = parts.stop.reason !== undefined;
  const error = parts.stop.reason ?? fault ?? reached;
  if (isStopped || !closing.affordsTest()) return { kept: compared, test: null, error };
  return { kept: compared, test: await lookAtTest(parts, evaluate, compared.best).catch(nothingIfStopped), error };
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

async function lookAtTest(parts: TrainParts, evaluate: Evaluator['evaluate'], best: Prompt): Promise<Tested | null> {
  const tasks = parts.split.test;
  if (tasks.length === 0) return null;
  const trials = tasks.map((task) => ({ task, sample: 0 }));
  const purpose = { iteration: parts.iterations, split: 'test', label: 'the sealed test part' } as const;
  const before = await evaluate(parts.start, trials, purpose);
  const after = await evaluate(best, trials, purpose);
  const { difference, interval } = compare(before, after, createRandom(parts.seed, 'test'));
  const result = {
    baseline: summarise(parts.start, before),
    best: summarise(best, after),
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
