import type { JsonObject } from '../core/json.ts';
import type { Message, ToolCall, ToolDefinition } from '../core/message.ts';
import type { Usage } from '../core/usage.ts';

/** The parts that models play in a run. Each may be another model, and each is metered apart. */
export const ROLES = ['agent', 'grader', 'critic', 'editor'] as const;
export type Role = (typeof ROLES)[number];

/** One chat request. It is hashed into the journal's key, so it holds everything that can change the reply. */
export type ChatRequest = {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly ToolDefinition[];
  readonly temperature?: number;
  /** Sent as `max_completion_tokens`, or as `max_tokens` where the provider's options say so. */
  readonly maxOutputTokens?: number;
  /** Ask for a reply that matches a JSON schema (`response_format: json_schema`). */
  readonly responseSchema?: { readonly name: string; readonly schema: JsonObject };
  /** Sent as `seed`. Set on repeated samples, so that a repeat is a different request. */
  readonly seed?: number;
};

export type ChatReply = {
  readonly content: string;
  readonly thinking: string;
  readonly toolCalls: readonly ToolCall[];
  /** `stop`, `length`, `tool_calls`, `content_filter`, `refusal` or whatever else the provider said. */
  readonly finishReason: string;
  readonly usage: Usage;
  /** As echoed by the provider. */
  readonly model: string;
  readonly responseId: string;
};

export type ChatOptions = {
  readonly signal: AbortSignal;
  /** Same value for every attempt of one logical call; sent as `Idempotency-Key`. */
  readonly idempotencyKey?: string;
};

/** A provider of chat completions. One attempt per call: retries, limits and deadlines belong to the engine. */
export interface Model {
  /** Shown wherever the provider is named. */
  readonly provider: string;
  /** True for the simulated model; every output says so. */
  readonly simulated: boolean;
  /** @throws ModelError for every failure, with its class. */
  chat(request: ChatRequest, options: ChatOptions): Promise<ChatReply>;
}

/**
 * Class of a failed attempt, and what the engine does about it:
 * `rate-limit`, `overloaded`, `network`, `timeout`: retry within the logical call's deadline (only `rate-limit` shrinks
 * the concurrency); `protocol`: retry once, then the example fails; `context-overflow`, `too-large`: the example fails;
 * `auth`, `model-unknown`, `quota`: the run stops, resumable; `invalid`, `fatal` (redirect, certificate, proxy): the run stops.
 */
export type FaultKind =
  | 'rate-limit'
  | 'overloaded'
  | 'network'
  | 'timeout'
  | 'protocol'
  | 'context-overflow'
  | 'too-large'
  | 'auth'
  | 'model-unknown'
  | 'quota'
  | 'invalid'
  | 'fatal';

export class ModelError extends Error {
  readonly kind: FaultKind;
  readonly status: number | undefined;
  /** How long the server asked to wait, in milliseconds; undefined when it said nothing usable. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FaultKind,
    message: string,
    details: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ModelError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}
