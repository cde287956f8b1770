import type { Json } from '../core/json.ts';
import type { Span } from '../core/trace.ts';
import { textOf } from './facts.ts';
import { isSpanId, isTraceId } from './shared/ids.ts';
import { milliseconds } from './shared/time.ts';
import { startSpan } from './span.ts';
import { guard, NO_CONTEXT, tracingState } from './state.ts';

/** What a user said about a trace. */
export type Feedback = {
  /** 0..1: thumbs down is 0, up is 1; null when only a comment or a correction was given. */
  readonly rating: number | null;
  readonly comment: string;
  /** What the reply should have been, or ''. It becomes the expected answer, and a preference pair with the reply. */
  readonly correction: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
};

export type FeedbackInput = {
  readonly thumbs?: 'up' | 'down';
  /** 1 to 5, spread over 0..1 as `apo trace feedback --rating` and the HTTP API do: one star is 0, three are 0.5. */
  readonly stars?: number;
  /** 0..1, or 0..`of` with `of`; stars are `stars`. */
  readonly rating?: number;
  readonly of?: number;
  readonly comment?: string;
  readonly correction?: string;
  /** The span that is meant, when it is not the whole trace. */
  readonly spanId?: string;
  readonly userId?: string;
};

const NAME = 'user_feedback';

/**
 * Attaches feedback to a trace at any later time, from any process, as OpenTelemetry's `gen_ai.evaluation.result` event
 * on a span of its own in that trace, linked to what it is about.
 * Returns false when nothing was recorded: tracing is off, an id is malformed, or there is no usable value. Never throws.
 */
export function feedback(traceId: string, input: FeedbackInput): boolean {
  return guard(() => record(traceId, input)) ?? false;
}

function record(traceId: string, input: FeedbackInput): boolean {
  if (tracingState() === undefined || !isTraceId(traceId)) return false;
  if (input.spanId !== undefined && !isSpanId(input.spanId)) return false;
  const rating = ratingOf(input);
  const comment = input.comment ?? '';
  const correction = input.correction ?? '';
  if (rating === undefined || (rating === null && comment === '' && correction === '')) return false;
  const { spanId, userId } = input;
  const span = startSpan(
    {
      name: NAME,
      kind: 'grader',
      traceId,
      parent: null,
      ...(spanId === undefined ? {} : { parent: { traceId, spanId }, links: [{ traceId, spanId, attributes: {} }] }),
      attributes: { 'apo.feedback': true, 'user.id': userId },
    },
    NO_CONTEXT,
  );
  span.event('gen_ai.evaluation.result', {
    'gen_ai.evaluation.name': NAME,
    'gen_ai.evaluation.score.value': rating ?? undefined,
    'gen_ai.evaluation.score.label': labelOf(input),
    'gen_ai.evaluation.explanation': comment === '' ? undefined : comment,
    'apo.feedback.correction': correction === '' ? undefined : correction,
  });
  span.end();
  return true;
}

function labelOf({ thumbs, stars }: FeedbackInput): string | undefined {
  if (stars !== undefined) return String(stars);
  return thumbs === undefined ? undefined : `thumbs_${thumbs}`;
}

/** Undefined when the given rating is not usable; null when none was given. */
function ratingOf({ thumbs, stars, rating, of = 1 }: FeedbackInput): number | null | undefined {
  if (stars !== undefined) return stars >= 1 && stars <= 5 ? (stars - 1) / 4 : undefined;
  if (rating !== undefined) {
    const value = rating / of;
    return value >= 0 && value <= 1 ? value : undefined;
  }
  return thumbs === undefined ? null : thumbs === 'up' ? 1 : 0;
}

/** The feedback that a span carries; evaluations that are grades are left out. */
export function feedbackOf(span: Span): readonly Feedback[] {
  return span.events
    .filter((event) => event.name === 'gen_ai.evaluation.result')
    .filter(({ attributes }) => attributes['gen_ai.evaluation.name'] === NAME)
    .map(({ attributes, timeNs }) => ({
      rating: numberOf(attributes['gen_ai.evaluation.score.value']),
      comment: textOf(attributes['gen_ai.evaluation.explanation']),
      correction: textOf(attributes['apo.feedback.correction']),
      at: milliseconds(timeNs),
    }));
}

function numberOf(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
