import type { JsonObject } from '../core/json.ts';
import type { Span } from '../core/trace.ts';
import { addUsage, NO_USAGE } from '../core/usage.ts';
import { createFacts, textOf, usageOf } from './facts.ts';
import { feedbackOf } from './feedback.ts';
import { milliseconds } from './shared/time.ts';
import {
  bodyOf,
  type ContentMode,
  contentFields,
  type EventBody,
  isoTime,
  phase,
  TRAJECTORY_VERSION,
  type TrajectoryEvent,
} from './shared/trajectory-event.ts';

/**
 * Turns the spans of one trace, as they end, into its event stream: `run_started` with the first span, then each fact
 * once, `final_report` and `run_completed` with the root. What comes later (feedback) follows after that.
 */
export function createEventStream(traceId: string, content: ContentMode = 'full', firstIdx = 0) {
  const facts = createFacts();
  const counts = { model_calls: 0, tool_calls: 0, tool_errors: 0, errors: 0 };
  let idx = firstIdx;
  let startMs: number | undefined;
  let endMs = 0;
  let status = 'unfinished';
  let reply = '';
  let usage = NO_USAGE;
  let head: JsonObject = {};

  function count(span: Span): void {
    if (span.kind === 'model') {
      counts.model_calls += 1;
      usage = addUsage(usage, usageOf(span.attributes));
    }
    if (span.status === 'error') counts.errors += 1;
  }
  function bodiesOf(span: Span): { readonly at: number; readonly body: EventBody }[] {
    const at = milliseconds(span.endNs);
    const bodies = facts.of(span).map((fact) => {
      if (fact.type === 'reply') reply = fact.content;
      if (fact.type === 'tool_call') counts.tool_calls += 1;
      if (fact.type === 'tool_result' && fact.isError) counts.tool_errors += 1;
      return { at: fact.at, body: bodyOf(fact, content) };
    });
    const isStep = span.kind !== 'model' && span.kind !== 'tool' && span.parentSpanId !== null;
    const details = { span_id: span.spanId, kind: span.kind, status: span.status };
    const duration_ms = Math.max(0, at - milliseconds(span.startNs));
    const steps = isStep ? [{ at, body: phase(span.name, { ...details, duration_ms }) }] : [];
    const said = feedbackOf(span).map(({ at: saidAt, rating, comment, correction }) => ({
      at: saidAt,
      body: phase('feedback', {
        rating,
        ...contentFields('comment', comment, content),
        ...contentFields('correction', correction, content),
      }),
    }));
    return [...bodies, ...(said.length > 0 ? said : steps)];
  }
  return {
    nextIdx: () => idx,
    /** The events that a span adds. */
    push(span: Span): readonly TrajectoryEvent[] {
      const isRoot = span.parentSpanId === null && feedbackOf(span).length === 0;
      const bodies = bodiesOf(span);
      count(span);
      const startedAt = milliseconds(span.startNs);
      if (startMs === undefined && idx === 0) {
        head = headOf(span);
        const payload = { schema_version: TRAJECTORY_VERSION, kind: 'trace', ...head, content };
        bodies.unshift({ at: startedAt, body: { event_type: 'run_started', payload } });
      }
      startMs = Math.min(startMs ?? startedAt, startedAt);
      if (isRoot) {
        endMs = milliseconds(span.endNs);
        status = span.status;
        const answer = contentFields('answer', reply, content);
        bodies.push({ at: endMs, body: { event_type: 'final_report', payload: { status, ...answer } } });
        bodies.push({ at: endMs, body: { event_type: 'run_completed', payload: totals() } });
      }
      return bodies.map(({ at, body }) => ({ ts_utc: isoTime(at), run_id: traceId, idx: idx++, ...body }));
    },
    /** `<run>.summary.json`. */
    summary: (): JsonObject => ({
      schema_version: TRAJECTORY_VERSION,
      run_id: traceId,
      ...head,
      started_at: isoTime(startMs ?? 0),
      completed_at: status === 'unfinished' ? null : isoTime(endMs),
      events: idx,
      ...totals(),
    }),
  };
  function totals(): JsonObject {
    const duration = status === 'unfinished' ? null : Math.max(0, endMs - (startMs ?? endMs));
    return { status, duration_ms: duration, ...counts, usage };
  }
}

function headOf(span: Span): JsonObject {
  const { attributes, resource } = span;
  const sessionId = attributes['gen_ai.conversation.id'];
  return {
    service: textOf(resource['service.name']),
    session_id: sessionId === undefined ? null : textOf(sessionId),
  };
}
