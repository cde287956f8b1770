import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Span, SpanKind } from '../../core/trace.ts';
import { createProtobufWriter, type ProtobufWriter } from './protobuf.ts';

/**
 * OTLP 1.x trace export requests (opentelemetry-proto `trace/v1`), as protobuf and as OTLP JSON: ids in hex, enums as
 * numbers, 64-bit numbers as strings.
 */

const INTERNAL = 1;
const CLIENT = 3;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;

/** Kinds that the GenAI conventions have no operation for travel as OpenInference names. */
const OPEN_INFERENCE: { readonly [K in SpanKind]?: string } = {
  phase: 'CHAIN',
  chain: 'CHAIN',
  grader: 'EVALUATOR',
  retriever: 'RETRIEVER',
  embedding: 'EMBEDDING',
};

type Group = {
  readonly resource: JsonObject;
  readonly scopes: { readonly scope: Span['scope']; readonly spans: Span[] }[];
};

/** Spans by resource and scope. Spans of one process share the same objects, so identity is tried first. */
function groupSpans(spans: readonly Span[]): readonly Group[] {
  const groups: Group[] = [];
  const keys = new Map<JsonObject, string>();
  const keyOf = (resource: JsonObject): string => {
    const known = keys.get(resource) ?? JSON.stringify(resource);
    keys.set(resource, known);
    return known;
  };
  for (const span of spans) {
    let group = groups.find(({ resource }) => resource === span.resource || keyOf(resource) === keyOf(span.resource));
    if (group === undefined) {
      group = { resource: span.resource, scopes: [] };
      groups.push(group);
    }
    let scoped = group.scopes.find(
      ({ scope }) => scope.name === span.scope.name && scope.version === span.scope.version,
    );
    if (scoped === undefined) {
      scoped = { scope: span.scope, spans: [] };
      group.scopes.push(scoped);
    }
    scoped.spans.push(span);
  }
  return groups;
}

function attributesOf(span: Span): JsonObject {
  const name = OPEN_INFERENCE[span.kind];
  return name === undefined || span.attributes['openinference.span.kind'] !== undefined
    ? span.attributes
    : { ...span.attributes, 'openinference.span.kind': name };
}

function nanosecondsOf(text: string): bigint {
  return /^\d{1,20}$/.test(text) ? BigInt(text) : 0n;
}

export function encodeOtlpProtobuf(spans: readonly Span[]): Buffer {
  const writer = createProtobufWriter();
  for (const { resource, scopes } of groupSpans(spans)) {
    writer.message(1, () => {
      writer.message(1, () => writeAttributes(writer, 1, resource));
      for (const { scope, spans: own } of scopes) {
        writer.message(2, () => {
          writer.message(1, () => {
            writer.string(1, scope.name);
            writer.string(2, scope.version);
          });
          for (const span of own) writer.message(2, () => writeSpan(writer, span));
        });
      }
    });
  }
  return writer.finish();
}

function writeSpan(writer: ProtobufWriter, span: Span): void {
  writer.bytes(1, Buffer.from(span.traceId, 'hex'));
  writer.bytes(2, Buffer.from(span.spanId, 'hex'));
  if (span.parentSpanId !== null) writer.bytes(4, Buffer.from(span.parentSpanId, 'hex'));
  writer.string(5, span.name);
  writer.int64(6, span.kind === 'model' ? CLIENT : INTERNAL);
  writer.fixed64(7, nanosecondsOf(span.startNs));
  writer.fixed64(8, nanosecondsOf(span.endNs));
  writeAttributes(writer, 9, attributesOf(span));
  for (const event of span.events) {
    writer.message(11, () => {
      writer.fixed64(1, nanosecondsOf(event.timeNs));
      writer.string(2, event.name);
      writeAttributes(writer, 3, event.attributes);
    });
  }
  for (const link of span.links) {
    writer.message(13, () => {
      writer.bytes(1, Buffer.from(link.traceId, 'hex'));
      writer.bytes(2, Buffer.from(link.spanId, 'hex'));
      writeAttributes(writer, 4, link.attributes);
    });
  }
  writer.message(15, () => {
    if (span.statusMessage !== '') writer.string(2, span.statusMessage);
    writer.int64(3, STATUS[span.status]);
  });
}

function writeAttributes(writer: ProtobufWriter, field: number, attributes: JsonObject): void {
  for (const key in attributes) {
    writer.message(field, () => {
      writer.string(1, key);
      writer.message(2, () => writeValue(writer, attributes[key] ?? null));
    });
  }
}

function writeValue(writer: ProtobufWriter, value: Json): void {
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.bool(2, value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.int64(3, value);
    else writer.double(4, value);
  } else if (Array.isArray(value)) {
    writer.message(5, () => {
      for (const item of value) writer.message(1, () => writeValue(writer, item));
    });
  } else if (isJsonObject(value)) writer.message(6, () => writeAttributes(writer, 1, value));
}

export function encodeOtlpJson(spans: readonly Span[]): string {
  return JSON.stringify({
    resourceSpans: groupSpans(spans).map(({ resource, scopes }) => ({
      resource: { attributes: jsonAttributes(resource) },
      scopeSpans: scopes.map(({ scope, spans: own }) => ({ scope, spans: own.map(jsonSpan) })),
    })),
  });
}

function jsonSpan(span: Span): Json {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: span.kind === 'model' ? CLIENT : INTERNAL,
    startTimeUnixNano: nanosecondsOf(span.startNs).toString(),
    endTimeUnixNano: nanosecondsOf(span.endNs).toString(),
    attributes: jsonAttributes(attributesOf(span)),
    events: span.events.map(({ name, timeNs, attributes }) => ({
      timeUnixNano: nanosecondsOf(timeNs).toString(),
      name,
      attributes: jsonAttributes(attributes),
    })),
    links: span.links.map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: jsonAttributes(attributes),
    })),
    status: { code: STATUS[span.status], ...(span.statusMessage === '' ? {} : { message: span.statusMessage }) },
  };
}

function jsonAttributes(attributes: JsonObject): Json {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: jsonValue(value) }));
}

function jsonValue(value: Json): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: value.toString() } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(jsonValue) } };
  return isJsonObject(value) ? { kvlistValue: { values: jsonAttributes(value) } } : {};
}
