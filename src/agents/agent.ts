import type { Json, JsonObject } from '../core/json.ts';
import type { Message, ToolCall, ToolDefinition } from '../core/message.ts';
import type { Prompt } from '../core/prompt.ts';
import type { RolloutFailure, RolloutStatus } from '../core/rollout.ts';
import type { Task } from '../core/task.ts';
import type { ChatReply } from '../models/model.ts';

/** What is being trained: it takes a prompt and a task and answers. A factory returns one per run. */
export interface Agent {
  /** Everything that changes its behaviour besides prompt and task; part of every journal key. */
  readonly identity: JsonObject;
  /**
   * Tools that a prompt may tell it to use, besides those of the task's recording. Left out, they are unknown, and the gate
   * on proposed prompts does not judge names of tools.
   */
  readonly toolNames?: readonly string[];
  /** False where it never asks the agent model through its context, so that none has to be set up. Default true. */
  readonly usesModel?: boolean;
  /**
   * Checks before any call is paid for that the prompt can be rendered, for each of the tasks where they are given.
   * @throws ApoError `prompt-invalid`
   */
  validate(prompt: Prompt, tasks?: readonly Task[]): void;
  /** The tools that its model is offered on a task, so that a set-up can be proved with them. Left out: none are known. */
  toolsOf?(prompt: Prompt, task: Task): readonly ToolDefinition[];
  /**
   * Runs one rollout. All effects go through the context, which journals and traces them; with the same journal the
   * same rollout comes out. Throws only what the context threw; its own failures are results.
   */
  run(prompt: Prompt, task: Task, context: AgentContext): Promise<AgentResult>;
}

export type AgentResult = {
  readonly status: RolloutStatus;
  readonly answer: string;
  readonly failure: RolloutFailure | null;
};

export interface AgentContext {
  /** Aborted at the rollout's deadline or when the run stops. */
  readonly signal: AbortSignal;
  /** Sends messages to the agent's model and records what comes back. */
  chat(messages: readonly Message[], tools?: readonly ToolDefinition[]): Promise<ChatReply>;
  /** Runs one tool call. The result is journaled, so that a resumed run does not execute it again. */
  tool(call: ToolCall, execute: () => Promise<ToolResult>): Promise<ToolResult>;
  /** Any other paid or outside call (an HTTP service, a command): journaled under `name` and `request`. */
  effect(name: string, request: Json, perform: (signal: AbortSignal) => Promise<Json>): Promise<Json>;
}

export type ToolResult = {
  readonly content: string;
  readonly isError: boolean;
  /** True when answered from the task's recording. */
  readonly replayed: boolean;
  /** Raw arguments of the recorded call whose result this is, where the call has others. */
  readonly recordedFor?: string;
};

/** What a tools module exports (default or named `tools`). */
export type Tool = {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly parameters?: JsonObject;
  execute(argumentsObject: JsonObject, options: { readonly signal: AbortSignal }): unknown;
};
