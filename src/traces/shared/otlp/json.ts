import { isJsonObject, type Json, type JsonObject, MAX_JSON_DEPTH, parseJson } from '../../../core/json.ts';
import type { SpanEvent, SpanLink } from '../../../core/trace.ts';
import { AttributeCollector } from './attributes.ts';
import { excessOf } from './depth.ts';
import { hexId, listOf, nanoseconds, objectsOf, textOf } from './json-fields.ts';
import { readKeyValues } from './json-values.ts';
import { DECODE_LIMITS, type DecodeLimits, OtlpError } from './limits.ts';
import type { DecodeContext } from './protobuf-values.ts';
import {
  addSpan,
  type DecodedRequest,
  emptyRequest,
  foreignSignal,
  isId,
  type SpanOwner,
  type WireSpan,
} from './span.ts';

/**
 * Reads an ExportTraceServiceRequest from OTLP/JSON text. Lenient where clients differ: ids in hex of any case or base64,
 * 64-bit integers as text or number, enums as number or name; unknown fields are ignored.
 * @throws OtlpError when the text is not such a request.
 */
export function readTraceJson(text: string, receivedNs: bigint, limits: DecodeLimits = DECODE_LIMITS): DecodedRequest {
  const excess = excessOf(text, MAX_JSON_DEPTH);
  if (excess !== undefined) throw new OtlpError(400, `malformed JSON: ${excess}`);
  const parsed = parseJson(text);
  if (!parsed.ok) throw new OtlpError(400, `malformed JSON: ${parsed.reason}`);
  const root = parsed.value;
  if (!isJsonObject(root)) throw new OtlpError(400, 'the request is not a JSON object');
  for (const [key, path] of FOREIGN_KEYS) {
    if (Object.hasOwn(root, key) && !Object.hasOwn(root, 'resourceSpans')) {
      throw new OtlpError(400, `"${key}" was sent to the traces path; send it to ${path}`);
    }
  }
  const context: DecodeContext = { limits, request: emptyRequest(), receivedNs };
  for (const resourceSpans of listOf(root.resourceSpans, 'resourceSpans')) {
    const attributes = new AttributeCollector(limits);
    const { resource } = resourceSpans;
    if (isJsonObject(resource)) readKeyValues(resource.attributes, attributes, context);
    const owner = attributes.finish(context.request);
    // Before OTLP 0.15, scopes were called instrumentation libraries.
    const scopes = resourceSpans.scopeSpans ?? resourceSpans.instrumentationLibrarySpans;
    for (const scopeSpans of listOf(scopes, 'scopeSpans')) readScopeSpans(scopeSpans, owner, context);
  }
  const foreign = foreignSignal(context.request);
  if (foreign !== undefined) throw new OtlpError(400, foreign);
  return context.request;
}

const FOREIGN_KEYS = [
  ['resourceLogs', '/v1/logs'],
  ['resourceMetrics', '/v1/metrics'],
] as const;

function readScopeSpans(scopeSpans: JsonObject, resource: SpanOwner['resource'], context: DecodeContext): void {
  const { request, limits, receivedNs } = context;
  const given = scopeSpans.scope ?? scopeSpans.instrumentationLibrary;
  const scope = isJsonObject(given) ? given : {};
  const owner: SpanOwner = { resource, scope: { name: textOf(scope.name), version: textOf(scope.version) } };
  if (scopeSpans.spans === undefined && scopeSpans.logRecords !== undefined) {
    throw new OtlpError(400, '"logRecords" were sent to the traces path; send them to /v1/logs');
  }
  const spans = listOf(scopeSpans.spans, 'spans');
  if (request.spans.length + request.rejectedSpans + spans.length > limits.maxSpans) {
    throw new OtlpError(413, `more than ${limits.maxSpans} spans in one request; send smaller batches`);
  }
  for (const span of spans) addSpan(request, readSpan(span, context), owner, receivedNs);
}

function readSpan(span: JsonObject, context: DecodeContext): WireSpan {
  const { request, limits } = context;
  const attributes = new AttributeCollector(limits);
  readKeyValues(span.attributes, attributes, context);
  const status = isJsonObject(span.status) ? span.status : {};
  const events = objectsOf(span.events);
  const links = objectsOf(span.links);
  request.droppedEvents += Math.max(0, events.length - limits.maxEvents) + Math.max(0, links.length - limits.maxEvents);
  return {
    traceId: hexId(span.traceId, 16),
    spanId: hexId(span.spanId, 8),
    parentSpanId: hexId(span.parentSpanId, 8),
    traceState: textOf(span.traceState).slice(0, 512),
    name: textOf(span.name).slice(0, limits.maxValueBytes),
    kind: enumOf(span.kind, SPAN_KINDS),
    startNs: nanoseconds(span.startTimeUnixNano),
    endNs: nanoseconds(span.endTimeUnixNano),
    statusCode: enumOf(status.code, STATUS_CODES),
    statusMessage: textOf(status.message).slice(0, limits.maxValueBytes),
    attributes: attributes.finish(request, Number(span.droppedAttributesCount) || 0),
    events: events.slice(0, limits.maxEvents).map((event) => readEvent(event, context)),
    links: links.slice(0, limits.maxEvents).flatMap((link) => readLink(link, context)),
  };
}

function readEvent(event: JsonObject, context: DecodeContext): SpanEvent {
  const attributes = new AttributeCollector(context.limits);
  readKeyValues(event.attributes, attributes, context);
  return {
    name: textOf(event.name).slice(0, context.limits.maxValueBytes),
    timeNs: nanoseconds(event.timeUnixNano),
    attributes: attributes.finish(context.request),
  };
}

/** Links without valid ids say nothing and are left out. */
function readLink(link: JsonObject, context: DecodeContext): SpanLink[] {
  const traceId = hexId(link.traceId, 16);
  const spanId = hexId(link.spanId, 8);
  if (!isId(traceId, 32) || !isId(spanId, 16)) return [];
  const attributes = new AttributeCollector(context.limits);
  readKeyValues(link.attributes, attributes, context);
  return [{ traceId, spanId, attributes: attributes.finish(context.request) }];
}

const SPAN_KINDS = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const STATUS_CODES = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

function enumOf(value: Json | undefined, names: readonly string[]): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return 0;
  const index = names.indexOf(value);
  return index >= 0 ? index : Number(value) || 0;
}
