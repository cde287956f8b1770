import type { Json } from '../../../core/json.ts';
import type { Span, SpanEvent, SpanLink } from '../../../core/trace.ts';
import { kindOf } from '../conventions/kind.ts';
import type { Losses } from './attributes.ts';

/** A span as the wire had it, values already within the limits. */
export type WireSpan = {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  name: string;
  kind: number;
  startNs: string;
  endNs: string;
  statusCode: number;
  statusMessage: string;
  attributes: { readonly [key: string]: Json };
  events: SpanEvent[];
  links: SpanLink[];
};

export type SpanOwner = {
  readonly resource: { readonly [key: string]: Json };
  readonly scope: { readonly name: string; readonly version: string };
};

/** What was read from one export request. */
export type DecodedRequest = Losses & {
  readonly spans: Span[];
  rejectedSpans: number;
  /** Why spans were rejected or changed, with counts. */
  readonly reasons: Map<string, number>;
  /** Spans without any id and fields of a foreign type: the signs of another signal on this path. */
  idless: number;
  mismatches: number;
};

const OTEL_KINDS = [undefined, undefined, 'server', 'client', 'producer', 'consumer'] as const;
/** A clock further ahead than this is wrong, whatever the time zone. */
const MAX_AHEAD_NS = 24n * 3600n * 1_000_000_000n;

export function emptyRequest(): DecodedRequest {
  return {
    spans: [],
    rejectedSpans: 0,
    reasons: new Map(),
    idless: 0,
    mismatches: 0,
    truncatedValues: 0,
    droppedAttributes: 0,
    droppedEvents: 0,
  };
}

/** When a span was received whose clock was ahead: what tells its age. Nanoseconds since the epoch, as text. */
export const RECEIVED_NS = 'apo.received_ns';

/** Checks ids and times and adds the span, or counts why it was rejected. */
export function addSpan(request: DecodedRequest, wire: WireSpan, owner: SpanOwner, receivedNs: bigint): void {
  if (wire.traceId === '' && wire.spanId === '') request.idless++;
  const fault = idFault(wire);
  if (fault !== undefined) {
    request.rejectedSpans++;
    count(request.reasons, fault);
    return;
  }
  const { startNs, endNs, isAhead } = checkedTimes(request, wire, receivedNs);
  const otelKind = OTEL_KINDS[wire.kind];
  request.spans.push({
    traceId: wire.traceId,
    spanId: wire.spanId,
    parentSpanId: isId(wire.parentSpanId, 16) ? wire.parentSpanId : null,
    name: wire.name,
    kind: kindOf(wire.attributes, owner.scope.name),
    ...(otelKind === undefined ? {} : { otelKind }),
    ...(wire.traceState === '' ? {} : { traceState: wire.traceState }),
    startNs,
    endNs,
    status: wire.statusCode === 2 ? 'error' : wire.statusCode === 1 ? 'ok' : 'unset',
    statusMessage: wire.statusMessage,
    attributes: isAhead ? { ...wire.attributes, [RECEIVED_NS]: receivedNs.toString() } : wire.attributes,
    events: wire.events,
    links: wire.links,
    resource: owner.resource,
    scope: owner.scope,
  });
}

function idFault({ traceId, spanId }: WireSpan): string | undefined {
  if (!isId(traceId, 32)) return 'trace id is not 16 non-zero bytes';
  if (!isId(spanId, 16)) return 'span id is not 8 non-zero bytes';
  return undefined;
}

/** Ids are hex by construction; only length and the forbidden zero id are left to check. */
export function isId(hex: string, digits: number): boolean {
  return hex.length === digits && !/^0*$/.test(hex);
}

type CheckedTimes = { readonly startNs: string; readonly endNs: string; readonly isAhead: boolean };

/** Keeps the sender's times except where there are none; strange ones are counted. */
function checkedTimes(request: DecodedRequest, wire: WireSpan, receivedNs: bigint): CheckedTimes {
  const endNs = wire.endNs === '0' ? '' : wire.endNs;
  let startNs = wire.startNs;
  let isAhead = false;
  if (startNs === '0') {
    startNs = endNs === '' ? receivedNs.toString() : endNs;
    count(request.reasons, 'start time was missing and was set to the end or the time of receipt');
  } else if (startNs.length > 18 && BigInt(startNs) > receivedNs + MAX_AHEAD_NS) {
    isAhead = true;
    count(request.reasons, 'start time lies more than a day in the future (kept)');
  }
  if (endNs !== '' && (endNs.length === startNs.length ? endNs < startNs : endNs.length < startNs.length)) {
    count(request.reasons, 'end time lies before the start (kept)');
  }
  return { startNs, endNs, isAhead };
}

function count(reasons: Map<string, number>, reason: string): void {
  reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
}

export const FOREIGN_SIGNAL =
  'no span has a trace id and a span id: this looks like a logs or metrics export sent to the traces path; send logs to /v1/logs and metrics to /v1/metrics';

/** Says so when nothing of a request is a span: another signal was sent to this path. */
export function foreignSignal(request: DecodedRequest): string | undefined {
  const nothing = request.spans.length === 0 && request.rejectedSpans > 0;
  return nothing && (request.idless === request.rejectedSpans || request.mismatches > 0) ? FOREIGN_SIGNAL : undefined;
}
