import type { Json, JsonObject } from '../../../core/json.ts';
import type { Span } from '../../../core/trace.ts';
import { ownersOf } from './facts.ts';
import { hasIndexed, indexed } from './indexed.ts';
import { asText, firstNumber, firstText } from './values.ts';

/** A judgement that arrived with the spans. */
export type Evaluation = {
  /** The same for the same judgement sent again. */
  readonly id: string;
  readonly traceId: string;
  /** The judged span; '' for the whole trace. */
  readonly spanId: string;
  /** The provider's id of the judged response; '' when not named. It says more than the ids, which may be the judge's own. */
  readonly responseId: string;
  readonly name: string;
  readonly source: 'human' | 'judge' | 'code';
  /** 0..1; null when there is no number or it is on another scale. */
  readonly score: number | null;
  readonly label: string;
  readonly explanation: string;
  /** The answer that would have been right, where a user gave one through our tracing API. */
  readonly correction: string | null;
  /** Where the event itself says whose it is; it may never find a trace that does. */
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly timeNs: string;
};

export const EVALUATION_EVENT = 'gen_ai.evaluation.result';
export const RESPONSE_ID = 'gen_ai.response.id';
/** The name that `feedback()` of the tracing API gives to what users say. */
const USER_FEEDBACK = 'user_feedback';
const ANNOTATION_PREFIXES = ['annotations', 'evaluations'];

/**
 * `gen_ai.evaluation.result` events, and OpenInference annotations: `annotations.N.annotation.*` on the judged span, or on an
 * EVALUATOR span whose only link names it.
 */
export function readEvaluations(span: Span): readonly Evaluation[] {
  const fromEvents = span.events.flatMap((event, index) =>
    event.name === EVALUATION_EVENT ? [fromEvent(span, event.attributes, event.timeNs, `event.${index}`)] : [],
  );
  const target = judged(span);
  const fromAttributes = ANNOTATION_PREFIXES.filter((prefix) => hasIndexed(span.attributes, prefix)).flatMap((prefix) =>
    indexed(Object.entries(span.attributes), prefix).map((entry, index) =>
      fromAnnotation(span, target, entry, `${prefix}.${index}`),
    ),
  );
  return [...fromEvents, ...fromAttributes];
}

/** Reads the attributes of one evaluation event, wherever it arrived. */
export function fromEvent(
  target: { readonly traceId: string; readonly spanId: string },
  attributes: JsonObject,
  timeNs: string,
  position: string,
): Evaluation {
  const value = firstNumber(attributes, ['gen_ai.evaluation.score.value']);
  const name = firstText(attributes, ['gen_ai.evaluation.name']) ?? 'evaluation';
  return {
    id: `${target.traceId}.${target.spanId}.${position}`,
    traceId: target.traceId,
    spanId: target.spanId,
    responseId: firstText(attributes, [RESPONSE_ID]) ?? '',
    name,
    source: name === USER_FEEDBACK ? 'human' : sourceOf(firstText(attributes, ['gen_ai.evaluation.source'])),
    ...scored(value, firstText(attributes, ['gen_ai.evaluation.score.label'])),
    explanation: firstText(attributes, ['gen_ai.evaluation.explanation']) ?? '',
    correction: firstText(attributes, ['apo.feedback.correction']) ?? null,
    ...ownersOf(attributes),
    timeNs,
  };
}

function fromAnnotation(
  span: Span,
  target: { readonly traceId: string; readonly spanId: string },
  entry: ReadonlyMap<string, Json>,
  position: string,
): Evaluation {
  const fields = new Map([...entry].map(([key, value]) => [key.replace(/^(annotation|evaluation)\./, ''), value]));
  const score = fields.get('score') ?? fields.get('result.score');
  return {
    id: `${span.traceId}.${span.spanId}.${position}`,
    traceId: target.traceId,
    spanId: target.spanId,
    responseId: '',
    name: asText(fields.get('name')) || 'annotation',
    source: sourceOf(asText(fields.get('annotator_kind'))),
    ...scored(typeof score === 'number' ? score : undefined, asText(fields.get('label') ?? fields.get('result.label'))),
    explanation: asText(fields.get('explanation') ?? fields.get('result.explanation')),
    correction: null,
    sessionId: null,
    userId: null,
    timeNs: span.endNs || span.startNs,
  };
}

function judged(span: Span): { readonly traceId: string; readonly spanId: string } {
  const [link] = span.links;
  return span.kind === 'grader' && span.links.length === 1 && link !== undefined ? link : span;
}

function scored(value: number | undefined, label: string | undefined): { score: number | null; label: string } {
  const onScale = value !== undefined && value >= 0 && value <= 1;
  if (value === undefined && label !== undefined) return { score: verdictOf(label), label };
  return { score: onScale ? value : null, label: label || (value === undefined || onScale ? '' : String(value)) };
}

/** What a label without a number says; null where it depends on what was asked ("true" may mean toxic). */
function verdictOf(label: string): number | null {
  const word = label
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  if (/^(pass|passed|correct|good|relevant|(thumbs_)?up)$/.test(word)) return 1;
  return /^(fail|failed|incorrect|wrong|bad|irrelevant|not_relevant|(thumbs_)?down)$/.test(word) ? 0 : null;
}

function sourceOf(kind: string | undefined): Evaluation['source'] {
  if (kind === undefined) return 'judge';
  if (/human|user/i.test(kind)) return 'human';
  return /code/i.test(kind) ? 'code' : 'judge';
}
