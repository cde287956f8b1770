import type { Json, JsonObject } from './json.ts';
import type { ToolDefinition } from './message.ts';
import type { Usage } from './usage.ts';

/** What happened inside a rollout or a production turn, lossless and in order. */
export type TraceEvent = {
  /** Milliseconds since the epoch, UTC. */
  readonly at: number;
  /** The span during which it happened. */
  readonly spanId: string;
} & (
  | { readonly type: 'system'; readonly content: string }
  | { readonly type: 'user'; readonly content: string }
  | {
      /** One model call, recorded when its reply is there (or it failed) and before the events that the reply holds. */
      readonly type: 'model_call';
      /** Milliseconds since the epoch. */
      readonly startedAt: number;
      readonly provider: string;
      readonly model: string;
      readonly finishReason: string;
      readonly responseId: string;
      readonly usage: Usage;
      /** Attempts it took, where that was more than one. */
      readonly attempts?: number;
      /** Tools offered; recorded with the first call and whenever they change. */
      readonly tools?: readonly ToolDefinition[];
      /** The choices beside the first, where several replies were asked for; they are no part of the conversation. */
      readonly otherReplies?: readonly string[];
    }
  | {
      readonly type: 'thinking';
      readonly content: string;
      /** A provider's summary of thinking that it does not show; absent otherwise. */
      readonly isSummary?: true;
    }
  | {
      readonly type: 'tool_call';
      readonly id: string;
      readonly name: string /** Raw text. */;
      readonly arguments: string;
    }
  | {
      readonly type: 'tool_result';
      readonly id: string;
      readonly name: string;
      readonly content: string;
      readonly isError: boolean;
      /** Answered from a recording or the journal instead of being executed. */
      readonly replayed: boolean;
      /** Raw arguments of the recorded call that a replayed result comes from, where this call has others. */
      readonly recordedFor?: string;
      /** When its execution began, milliseconds since the epoch. */
      readonly startedAt?: number;
    }
  | { readonly type: 'reply'; readonly content: string }
  | { readonly type: 'error'; readonly message: string }
);

/**
 * What a result was recorded for, as a note to those who judge the rollout: a recording answers calls with other arguments
 * too, and what these asked for is not what the result says. '' where there is nothing to note.
 */
export function recordedNote(result: Extract<TraceEvent, { type: 'tool_result' }>): string {
  return result.recordedFor === undefined ? '' : ` (recorded for other arguments: ${result.recordedFor})`;
}

/** What a span is, whichever convention named it. */
export type SpanKind = 'agent' | 'model' | 'tool' | 'grader' | 'phase' | 'retriever' | 'embedding' | 'chain';

/**
 * One span in OpenTelemetry terms. Attributes are flat dotted keys, GenAI names where they exist
 * (OpenTelemetry semantic conventions 1.41, `gen_ai.*`); they are never unflattened into live objects.
 */
export type Span = {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: SpanKind;
  /** The side of a remote call that OpenTelemetry knows, where it is not `internal`. */
  readonly otelKind?: 'server' | 'client' | 'producer' | 'consumer';
  /** W3C tracestate, where there is one. */
  readonly traceState?: string;
  /** Nanoseconds since the epoch as a decimal string: they do not fit a double. */
  readonly startNs: string;
  /** '' while the span is open. */
  readonly endNs: string;
  readonly status: 'unset' | 'ok' | 'error';
  readonly statusMessage: string;
  readonly attributes: JsonObject;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  /** Resource attributes, `service.name` among them. */
  readonly resource: JsonObject;
  /** Instrumentation scope. */
  readonly scope: { readonly name: string; readonly version: string };
};

export type SpanEvent = {
  readonly name: string;
  readonly timeNs: string;
  readonly attributes: { readonly [key: string]: Json };
};
export type SpanLink = { readonly traceId: string; readonly spanId: string; readonly attributes: JsonObject };
