import type { JsonObject } from '../../src/core/json.ts';
import type { Span, SpanEvent } from '../../src/core/trace.ts';
import { kindOf } from '../../src/traces/shared/conventions/kind.ts';

export const TRACE = '0af7651916cd43dd8448eb211c80319c';
const BASE_NS = 1_795_000_000_000_000_000n;

export type GivenSpan = Partial<Omit<Span, 'events'>> & {
  /** Milliseconds after the trace's start. */
  readonly from?: number;
  readonly to?: number;
  readonly events?: readonly { readonly name: string; readonly attributes: JsonObject }[];
};

let nextId = 1;

/** A span as the receiver makes it: the kind comes from the attributes. */
export function span(attributes: JsonObject, given: GivenSpan = {}): Span {
  const { from = 0, to = from + 10, events = [], ...rest } = given;
  const startNs = (BASE_NS + BigInt(from) * 1_000_000n).toString();
  const scope = given.scope ?? { name: 'test', version: '' };
  return {
    traceId: TRACE,
    spanId: (nextId++).toString(16).padStart(16, '0'),
    parentSpanId: null,
    name: 'span',
    kind: kindOf(attributes, scope.name),
    startNs,
    endNs: (BASE_NS + BigInt(to) * 1_000_000n).toString(),
    status: 'unset',
    statusMessage: '',
    attributes,
    links: [],
    resource: { 'service.name': 'test' },
    ...rest,
    scope,
    events: events.map((event): SpanEvent => ({ timeNs: startNs, ...event })),
  };
}
