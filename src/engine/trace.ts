import type { Clock } from '../core/clock.ts';
import { hashOf } from '../core/json.ts';
import { callsOf, type Message, type ToolDefinition } from '../core/message.ts';
import type { TraceEvent } from '../core/trace.ts';
import type { ChatReply } from '../models/model.ts';

/** `Omit` that keeps the union of event types apart. */
type EventBody = TraceEvent extends infer E ? (E extends TraceEvent ? Omit<E, 'at' | 'spanId'> : never) : never;

/** The trace of one rollout: what was said and done is recorded once, where it happened, however often it is sent again. */
export type RolloutTrace = {
  readonly events: readonly TraceEvent[];
  /** To be called before each step (a model call, a tool call): it is a span of its own. */
  nextSpan(): void;
  record(event: EventBody): void;
  /** The messages of a model call: those that the model has not been shown and has not said before. */
  recordMessages(messages: readonly Message[]): void;
  /** A model call that has its reply, and what the reply holds. */
  recordReply(
    reply: ChatReply,
    call: {
      /** Milliseconds since the epoch. */
      readonly startedAt: number;
      readonly provider: string;
      readonly attempts: number;
      /** The tools that were offered. */
      readonly tools: readonly ToolDefinition[] | undefined;
    },
  ): void;
};

export function createTrace(rolloutId: string, clock: Clock): RolloutTrace {
  const events: TraceEvent[] = [];
  let step = 0;
  const idOfSpan = (): string => hashOf(['span', rolloutId, step]).slice(0, 16);
  let spanId = idOfSpan();
  /** How many of the conversation's messages are on record. */
  let shown = 0;
  let knownTools: readonly ToolDefinition[] | undefined;

  function record(event: EventBody): void {
    events.push({ ...event, at: clock.epoch(), spanId });
  }

  function recordToolCalls(calls: ChatReply['toolCalls']): void {
    for (const { id, function: called } of calls) {
      record({ type: 'tool_call', id, name: called.name, arguments: called.arguments });
    }
  }

  /** @param first all messages of the first call, the task's context among them */
  function recordMessage(message: Message, first: readonly Message[] | undefined): void {
    if (message.role === 'system' || message.role === 'user') record({ type: message.role, content: message.content });
    if (message.role === 'assistant') {
      recordToolCalls(message.tool_calls ?? []);
      if (message.content !== '') record({ type: 'reply', content: message.content });
    }
    // Tool results of this rollout are recorded where they happen; those of the task's context only stand here.
    if (message.role === 'tool' && first !== undefined) {
      record({
        type: 'tool_result',
        id: message.tool_call_id,
        name: message.name || nameOfCall(message.tool_call_id, first),
        content: message.content,
        isError: message.is_error ?? false,
        replayed: true,
      });
    }
  }

  return {
    events,
    record,
    nextSpan() {
      step += 1;
      spanId = idOfSpan();
    },
    recordMessages(messages) {
      for (const message of messages.slice(shown)) recordMessage(message, shown === 0 ? messages : undefined);
      shown = messages.length;
    },
    recordReply(reply, { startedAt, provider, attempts, tools }) {
      const { model, finishReason, responseId, usage } = reply;
      record({
        type: 'model_call',
        startedAt,
        provider,
        model,
        finishReason,
        responseId,
        usage,
        ...(attempts > 1 ? { attempts } : {}),
        ...(tools === undefined || tools === knownTools ? {} : { tools }),
      });
      knownTools = tools;
      if (reply.thinking !== '') record({ type: 'thinking', content: reply.thinking });
      recordToolCalls(reply.toolCalls);
      if (reply.content !== '') record({ type: 'reply', content: reply.content });
      // The agent puts this reply into its next messages; it is on record already.
      shown += 1;
    },
  };
}

function nameOfCall(id: string, messages: readonly Message[]): string {
  return messages.flatMap(callsOf).find((call) => call.id === id)?.function.name ?? '';
}
