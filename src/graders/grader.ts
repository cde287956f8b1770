import type { JsonObject } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import type { Grade, Rollout } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import type { ChatReply } from '../models/model.ts';

/** Turns a rollout into a score 0..1 with a reason, or `unscored`. */
export interface Grader {
  readonly name: string;
  /** Everything that changes its grades; part of every journal key. */
  readonly identity: JsonObject;
  /** Whether a task without an expected answer can be graded. */
  readonly needsExpected: boolean;
  /** Whether it asks the grader model (for forecasts and checks). */
  readonly usesModel: boolean;
  /** Set where expected answers are not what it scores high, so that a run must not check it by them. */
  readonly skipsGold?: boolean;
  /** Why no answer to this task can be graded, if so: asked for every task before anything is paid for. */
  problemOf?(task: Task): string | undefined;
  /** Never throws for what the answer contains; what the context throws is passed on. */
  grade(rollout: Pick<Rollout, 'status' | 'answer' | 'events'>, task: Task, context: GraderContext): Promise<Grade>;
}

export interface GraderContext {
  readonly signal: AbortSignal;
  /** Sends one request to the grader's model; journaled. */
  chat(messages: readonly Message[], options?: GraderChatOptions): Promise<ChatReply>;
}

export type GraderChatOptions = {
  readonly responseSchema?: { readonly name: string; readonly schema: JsonObject };
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
};
