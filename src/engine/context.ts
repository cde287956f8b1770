import type { Agent } from '../agents/agent.ts';
import { isApoError, messageOf } from '../core/errors.ts';
import type { Prompt } from '../core/prompt.ts';
import { createRandom } from '../core/random.ts';
import type { Task } from '../core/task.ts';
import { type FaultKind, ModelError } from '../models/model.ts';
import type { IterationReport, Optimizer, OptimizerContext } from '../optimizers/optimizer.ts';
import type { Store } from '../stores/store.ts';
import type { Budget } from './budget.ts';
import type { Caller } from './calls.ts';
import type { Closing } from './closing.ts';
import { createReplyCheck } from './health.ts';
import type { LeakGuard } from './leaks.ts';
import type { StopSwitch } from './stop.ts';

export type ContextParts = {
  readonly runId: string;
  readonly seed: number;
  readonly iterations: number;
  readonly start: Prompt;
  readonly split: { readonly train: readonly Task[]; readonly val: readonly Task[]; readonly test: readonly Task[] };
  readonly optimizer: Optimizer;
  readonly agent: Agent;
  readonly store: Store;
  readonly caller: Caller;
  readonly budget: Budget;
  readonly stop: StopSwitch;
  /** Why a proposal may not cost a rollout, or undefined. */
  readonly reject: (proposal: Prompt, parent: Prompt) => string | undefined;
  readonly observer: { readonly onIteration?: (report: IterationReport) => void };
};

/** Faults of a request itself, which the same model will always have. */
const OF_THE_REQUEST: ReadonlySet<FaultKind> = new Set(['context-overflow', 'too-large', 'invalid']);

/**
 * Everything that an optimizer may do in a run: each effect goes through the journal and the budget, and a reply that leaks
 * or is of no use never reaches it.
 */
export function createContext(
  parts: ContextParts,
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
