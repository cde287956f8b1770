import type { SpanEvent, SpanLink } from '../../../core/trace.ts';
import { AttributeCollector } from './attributes.ts';
import { DECODE_LIMITS, type DecodeLimits, OtlpError } from './limits.ts';
import { type DecodeContext, eachField, readKeyValue } from './protobuf-values.ts';
import {
  addSpan,
  type DecodedRequest,
  emptyRequest,
  FOREIGN_SIGNAL,
  foreignSignal,
  isId,
  type SpanOwner,
  type WireSpan,
} from './span.ts';
import { BYTES, FIXED64, VARINT, WireReader } from './wire.ts';

type Owner = { resource: SpanOwner['resource']; scope: SpanOwner['scope'] };

/**
 * Reads an ExportTraceServiceRequest from its protobuf bytes (opentelemetry-proto 1.x, field numbers inline).
 * @throws OtlpError when the bytes cannot be read or hold no spans but another signal.
 */
export function readTraceProtobuf(
  bytes: Uint8Array,
  receivedNs: bigint,
  limits: DecodeLimits = DECODE_LIMITS,
): DecodedRequest {
  const context: DecodeContext = { limits, request: emptyRequest(), receivedNs };
  const reader = new WireReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  eachField(reader, (field, type) => {
    if (field !== 1 || type !== BYTES) return false;
    readResourceSpans(reader.message(), context);
    return true;
  });
  const foreign = foreignSignal(context.request);
  if (foreign !== undefined) throw new OtlpError(400, foreign);
  return context.request;
}

/** ResourceSpans: 1 resource, 2 scope_spans. Resource and scope may stand after the spans, so they are read first. */
function readResourceSpans(reader: WireReader, context: DecodeContext): void {
  const owner: Owner = { resource: {}, scope: { name: '', version: '' } };
  const scopes: WireReader[] = [];
  eachField(reader, (field, type) => {
    if (type !== BYTES || (field !== 1 && field !== 2)) return false;
    if (field === 2) scopes.push(reader.message());
    else owner.resource = readResource(reader.message(), context);
    return true;
  });
  for (const scope of scopes) readScopeSpans(scope, owner.resource, context);
}

function readResource(reader: WireReader, context: DecodeContext): SpanOwner['resource'] {
  const attributes = new AttributeCollector(context.limits);
  eachField(reader, (field, type) => {
    if (field !== 1 || type !== BYTES) return false;
    readKeyValue(reader.message(), attributes, context);
    return true;
  });
  return attributes.finish(context.request);
}

/** ScopeSpans: 1 scope {1 name, 2 version}, 2 spans. */
function readScopeSpans(reader: WireReader, resource: SpanOwner['resource'], context: DecodeContext): void {
  const scope = { name: '', version: '' };
  const spans: WireReader[] = [];
  eachField(reader, (field, type) => {
    if (type !== BYTES || (field !== 1 && field !== 2)) return false;
    if (field === 2) spans.push(reader.message());
    else {
      const inner = reader.message();
      eachField(inner, (number, wire) => {
        if (wire !== BYTES || (number !== 1 && number !== 2)) return false;
        if (number === 1) scope.name = inner.text();
        else scope.version = inner.text();
        return true;
      });
    }
    return true;
  });
  const { request, limits } = context;
  if (request.spans.length + request.rejectedSpans + spans.length > limits.maxSpans) {
    throw new OtlpError(413, `more than ${limits.maxSpans} spans in one request; send smaller batches`);
  }
  for (const span of spans) {
    addSpan(request, readWhole(span, context), { resource, scope }, context.receivedNs);
  }
}

/** A span that cannot be read and had fields of foreign types is another signal's record. */
function readWhole(reader: WireReader, context: DecodeContext): WireSpan {
  try {
    return readSpan(reader, context);
  } catch (error) {
    throw context.request.mismatches > 0 ? new OtlpError(400, FOREIGN_SIGNAL) : error;
  }
}

/** Wire type of each field of Span that is read; another one is a sign of a foreign message. */
const SPAN_TYPES: { readonly [field: number]: number } = {
  1: BYTES,
  2: BYTES,
  3: BYTES,
  4: BYTES,
  5: BYTES,
  6: VARINT,
  7: FIXED64,
  8: FIXED64,
  9: BYTES,
  10: VARINT,
  11: BYTES,
  13: BYTES,
  15: BYTES,
};

function readSpan(reader: WireReader, context: DecodeContext): WireSpan {
  const { limits, request } = context;
  const attributes = new AttributeCollector(limits);
  let droppedBySender = 0;
  const span: WireSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    name: '',
    kind: 0,
    startNs: '0',
    endNs: '0',
    statusCode: 0,
    statusMessage: '',
    attributes: {},
    events: [],
    links: [],
  };
  eachField(reader, (field, type) => {
    const expected = SPAN_TYPES[field];
    if (expected === undefined) return false;
    if (expected !== type) {
      request.mismatches++;
      return false;
    }
    if (field === 1) span.traceId = reader.encoded('hex', 17);
    else if (field === 2) span.spanId = reader.encoded('hex', 9);
    else if (field === 3) span.traceState = reader.textUpTo(512).text;
    else if (field === 4) span.parentSpanId = reader.encoded('hex', 9);
    else if (field === 5) span.name = reader.textUpTo(limits.maxValueBytes).text;
    else if (field === 6) span.kind = reader.unsigned();
    else if (field === 7) span.startNs = reader.fixed64();
    else if (field === 8) span.endNs = reader.fixed64();
    else if (field === 9) readKeyValue(reader.message(), attributes, context);
    else if (field === 10) droppedBySender = reader.unsigned();
    else if (field === 15) readStatus(reader.message(), span, limits);
    else if ((field === 11 ? span.events : span.links).length >= limits.maxEvents) {
      request.droppedEvents++;
      return false;
    } else if (field === 11) span.events.push(readEvent(reader.message(), context));
    else readLink(reader.message(), span.links, context);
    return true;
  });
  span.attributes = attributes.finish(request, droppedBySender);
  return span;
}

function readStatus(reader: WireReader, span: WireSpan, limits: DecodeLimits): void {
  eachField(reader, (field, type) => {
    if (field === 2 && type === BYTES) span.statusMessage = reader.textUpTo(limits.maxValueBytes).text;
    else if (field === 3 && type === VARINT) span.statusCode = reader.unsigned();
    else return false;
    return true;
  });
}

/** Event: 1 time, 2 name, 3 attributes. */
function readEvent(reader: WireReader, context: DecodeContext): SpanEvent {
  const attributes = new AttributeCollector(context.limits);
  let name = '';
  let timeNs = '0';
  eachField(reader, (field, type) => {
    if (field === 1 && type === FIXED64) timeNs = reader.fixed64();
    else if (field === 2 && type === BYTES) name = reader.textUpTo(context.limits.maxValueBytes).text;
    else if (field === 3 && type === BYTES) readKeyValue(reader.message(), attributes, context);
    else return false;
    return true;
  });
  return { name, timeNs, attributes: attributes.finish(context.request) };
}

/** Link: 1 trace id, 2 span id, 4 attributes. Links without valid ids say nothing and are left out. */
function readLink(reader: WireReader, links: SpanLink[], context: DecodeContext): void {
  const attributes = new AttributeCollector(context.limits);
  let traceId = '';
  let spanId = '';
  eachField(reader, (field, type) => {
    if (type !== BYTES) return false;
    if (field === 1) traceId = reader.encoded('hex', 17);
    else if (field === 2) spanId = reader.encoded('hex', 9);
    else if (field === 4) readKeyValue(reader.message(), attributes, context);
    else return false;
    return true;
  });
  if (isId(traceId, 32) && isId(spanId, 16)) {
    links.push({ traceId, spanId, attributes: attributes.finish(context.request) });
  }
}
