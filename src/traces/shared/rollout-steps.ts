import type { TraceEvent } from '../../core/trace.ts';

/** A stretch of events that one span covers. `before` counts the events that precede it. */
export type Step = {
  readonly kind: 'model' | 'tool';
  readonly events: readonly TraceEvent[];
  readonly before: number;
  readonly startMs: number;
  readonly endMs: number;
};

/** What a model call's reply consists of. */
const REPLY = new Set(['thinking', 'tool_call', 'reply', 'error']);

/**
 * The model turns and tool executions of a rollout, in order of recording. A turn starts with its `model_call`; a tool
 * execution is the result of a call that a turn made. Replies, calls and results outside of turns came with the task.
 */
export function stepsOf(events: readonly TraceEvent[]): readonly Step[] {
  const steps: Step[] = [];
  const calledAt = new Map<string, number>();
  let turn: { readonly events: TraceEvent[]; readonly spanId: string } | undefined;
  for (const [before, event] of events.entries()) {
    if (event.type === 'model_call') {
      turn = { events: [event], spanId: event.spanId };
      steps.push({ kind: 'model', events: turn.events, before, startMs: event.startedAt, endMs: event.at });
    } else if (turn !== undefined && REPLY.has(event.type) && event.spanId === turn.spanId) {
      turn.events.push(event);
      if (event.type === 'tool_call') calledAt.set(event.id, event.at);
    } else {
      turn = undefined;
      const made = event.type === 'tool_result' ? calledAt.get(event.id) : undefined;
      if (event.type !== 'tool_result' || made === undefined) continue;
      calledAt.delete(event.id);
      steps.push({ kind: 'tool', events: [event], before, startMs: event.startedAt ?? made, endMs: event.at });
    }
  }
  return steps;
}
