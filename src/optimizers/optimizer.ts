import type { Json, JsonObject } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import type { Prompt } from '../core/prompt.ts';
import type { Random } from '../core/random.ts';
import type { ScoredRollout } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';

/**
 * The policy that spends the budget. It decides; it never calls a model by itself: every effect goes through the context,
 * which journals it. With the same context answers it takes the same decisions, so its state needs no storing.
 */
export interface Optimizer {
  readonly name: string;
  /** Set when its proposals quote training tasks on purpose (demonstrations): the gate then lets those texts through. */
  readonly quotesTasks?: boolean;
  /**
   * Set when a run ends with a comparison on validation tasks that rollouts are kept for: when it is resumed with another
   * rollout limit, that comparison is made anew, and the old one is lost.
   */
  readonly endsWithComparison?: boolean;
  /** Used when the user gives none. */
  readonly defaultIterations: number;
  /** What the run will cost at most, for the forecast before it starts. */
  forecast(size: OptimizerSize): Forecast;
  run(context: OptimizerContext): Promise<Outcome>;
}

export type OptimizerSize = {
  readonly train: number;
  readonly val: number;
  /** The training tasks. */
  readonly tasks: readonly Task[];
  readonly iterations: number;
  /** Infinity when not limited. */
  readonly maxRollouts: number;
};

export type Forecast = {
  /** At most. */
  readonly rollouts: number;
  /** About: what comes to nothing costs none of the rollouts that plans are made of. */
  readonly critiques: number;
  readonly edits: number;
  /** What the budget buys, in one sentence for the user. */
  readonly note?: string;
  /** Validation tasks that the result rests on. Default: all. */
  readonly comparedTasks?: number;
};

export type OptimizerContext = {
  /** The starting prompt. */
  readonly start: Prompt;
  readonly train: readonly Task[];
  /** Never empty. Seen by nothing but selection. */
  readonly val: readonly Task[];
  readonly iterations: number;
  /** An independent stream of the run's seed for each purpose. */
  random(...purpose: readonly (string | number)[]): Random;
  /** Rollouts that may still be started; Infinity when not limited. Counts down as `evaluate` is called. */
  remainingRollouts(): number;
  /**
   * Runs and grades the prompt on each task, in parallel; results are in the order of `trials`, whatever arrived first.
   * A (prompt, task, sample) that was run before costs nothing and is not counted again.
   * @throws ApoError `budget-reached` before anything starts when the rollouts do not fit the budget; `step-failed` when
   * more than the allowed share is unscored or failed.
   */
  evaluate(prompt: Prompt, trials: readonly Trial[], purpose: EvaluationPurpose): Promise<readonly ScoredRollout[]>;
  /**
   * Asks the critic or the editor. `sample` tells equal requests apart that want different answers.
   * Resolves to undefined when the model failed for good on this request (refusal, protocol, overflow): a lost proposal.
   */
  ask(role: 'critic' | 'editor', request: AskRequest, sample: number): Promise<string | undefined>;
  /**
   * Deterministic checks on a proposal before it costs a rollout: placeholders kept, not empty, length cap, no hidden
   * characters, no new URLs or keys, no copied training text.
   * @returns why the proposal is rejected, or undefined.
   */
  reject(proposal: Prompt, parent: Prompt): string | undefined;
  /** Stores a candidate with where it came from. Adding the same prompt twice is harmless. */
  addCandidate(candidate: Candidate): Promise<void>;
  /** Tells the user that an iteration ended. */
  report(iteration: IterationReport): void;
  /**
   * Records the best so far: what the run ends with when it is stopped from outside. The last call counts. Where a budget
   * of calls, tokens, cost or time ends the search, the engine compares it with the start on validation tasks first.
   */
  keep(outcome: Kept): void;
};

export type Kept = Omit<Outcome, 'reason'> & {
  /** What that comparison is to be made with, when it is not what is shown to be best so far. */
  readonly contender?: Prompt;
};

export type Trial = { readonly task: Task; readonly sample: number };
export type EvaluationPurpose = {
  readonly iteration: number;
  readonly split: 'train' | 'val' | 'test';
  readonly label: string;
  /** False: nothing waits for it soon, so its rollouts fill what others leave free. Default true. */
  readonly isUrgent?: boolean;
};

export type AskRequest = {
  readonly messages: readonly Message[];
  readonly temperature?: number;
  readonly responseSchema?: { readonly name: string; readonly schema: JsonObject };
};

/** A prompt in a run, with the critique and edit that made it. */
export type Candidate = {
  readonly prompt: Prompt;
  /** Prompt ids; empty for the starting prompt. */
  readonly parents: readonly string[];
  readonly iteration: number;
  /**
   * Its place among the candidates of its iteration, for those that are asked for side by side: which reply comes first must
   * change nothing. Default 0.
   */
  readonly ordinal?: number;
  /** What made it: `start`, `edit`, `crossover`, `paraphrase`, `demos` ... */
  readonly operator: string;
  readonly critique: string | null;
  /** Rollouts that the critique was made from. */
  readonly evidence: readonly string[];
  /** Set when the candidate was rejected before it cost a rollout. */
  readonly rejected: string | null;
};

export type IterationReport = {
  readonly iteration: number;
  readonly best: Prompt;
  /** Mean reward of `best` in this iteration. */
  readonly score: number;
  /** The prompt before this iteration, for the diff. */
  readonly previous: Prompt;
  /** The critic's main point in one line; '' when there was none. */
  readonly critique: string;
};

/** Why an optimizer ended by itself; a run can also be interrupted or stopped from outside. */
export type EndReason = 'iterations' | 'budget' | 'stalled' | 'ceiling';

export type Outcome = {
  /** The start prompt when nothing better was shown. */
  readonly best: Prompt;
  /** The start prompt on validation tasks. */
  readonly baseline: readonly ScoredRollout[];
  /** `best` on validation tasks. */
  readonly final: readonly ScoredRollout[];
  readonly reason: EndReason;
  /** The optimizer's own explanation of the prompt (see `apo prompt explain`). Default: the engine's, by what is on record. */
  readonly explanation?: Json;
};

/**
 * What the engine makes of an outcome: `improved` when the data support it, `no_improvement` when they support that there is
 * none worth having, `not_enough_data` otherwise.
 */
export type Verdict = 'improved' | 'no_improvement' | 'not_enough_data';
