import type { TraceEvent } from '../../core/trace.ts';

/** A stretch of events that one span covers. `before` counts the events that precede it. */
export type Step = {
  readonly kind: 'model' | 'tool';
  readonly events: readonly TraceEvent[];
  readonly before: number;
  readonly startMs: number;
  readonly endMs: number;
};

const MODEL_EVENTS = new Set(['model_call', 'thinking', 'tool_call', 'reply']);

/** The model turns and tool executions of a rollout, in order of recording. */
export function stepsOf(events: readonly TraceEvent[], agentSpanId: string): readonly Step[] {
  const steps: (Step & { events: TraceEvent[]; endMs: number })[] = [];
  const calledAt = new Map<string, number>();
  let previousMs = events[0]?.at ?? 0;
  let open: (typeof steps)[number] | undefined;
  for (const [before, event] of events.entries()) {
    if (event.type === 'tool_call') calledAt.set(event.id, event.at);
    const isModel = MODEL_EVENTS.has(event.type);
    if (event.spanId === agentSpanId) {
      open = undefined;
    } else if (isModel || event.type === 'error') {
      const joins = open?.kind === 'model' && open.events[0]?.spanId === event.spanId && event.type !== 'model_call';
      if (open !== undefined && (joins || event.type === 'error')) {
        open.events.push(event);
        open.endMs = event.at;
      } else {
        const startMs = event.type === 'model_call' ? event.startedAt : previousMs;
        open = { kind: 'model', events: [event], before, startMs, endMs: event.at };
        steps.push(open);
      }
    } else if (event.type === 'tool_result') {
      const startMs = event.startedAt ?? calledAt.get(event.id) ?? previousMs;
      open = { kind: 'tool', events: [event], before, startMs, endMs: event.at };
      steps.push(open);
    }
    previousMs = event.at;
  }
  return steps;
}
