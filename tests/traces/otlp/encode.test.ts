import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Span } from '../../../src/core/trace.ts';
import { encodeOtlpJson, encodeOtlpProtobuf } from '../../../src/traces/otlp/encode.ts';
import { readTraceJson } from '../../../src/traces/shared/otlp/json.ts';
import { readTraceProtobuf } from '../../../src/traces/shared/otlp/protobuf.ts';
import { spansOf } from '../../../src/traces/shared/rollout-spans.ts';
import { richSpan } from '../../contracts/sink.ts';
import { toolRollout } from '../helpers.ts';
import { decodeOtlp } from './decode.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const NOW = BigInt(Date.UTC(2026, 10, 21, 10)) * 1_000_000n;

describe('OTLP encoding', () => {
  it('is read back value by value from protobuf', () => {
    const spans = [richSpan(1), richSpan(2), richSpan(3)];
    const decoded = decodeOtlp(encodeOtlpProtobuf(spans));
    expect(decoded).toHaveLength(3);
    for (const [index, span] of spans.entries()) {
      expect(decoded[index]).toMatchObject({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        name: span.name,
        startNs: span.startNs,
        endNs: span.endNs,
        attributes: span.attributes,
        events: span.events,
        links: span.links,
        status: { code: span.status === 'error' ? 2 : 1, message: span.statusMessage },
        resource: span.resource,
        scope: span.scope,
      });
    }
    expect(decoded.map((span) => span.attributes['openinference.span.kind'])).toEqual([undefined, 'CHAIN', 'CHAIN']);
  });

  it('agrees with what the OpenTelemetry SDK wrote', () => {
    const real = decodeOtlp(readFileSync(join(FIXTURES, 'otlp_trace_request.pb')));
    expect(real.length).toBeGreaterThan(0);
    const again = decodeOtlp(
      encodeOtlpProtobuf(
        real.map((span) => ({
          ...span,
          parentSpanId: span.parentSpanId || null,
          kind: span.kind === 3 ? ('model' as const) : ('agent' as const),
          status: (['unset', 'ok', 'error'] as const)[span.status.code] ?? 'unset',
          statusMessage: span.status.message,
          attributes: span.attributes as never,
          events: span.events as never,
          links: span.links as never,
          resource: span.resource as never,
        })),
      ),
    );
    expect(again).toEqual(real);
  });

  it('writes OTLP JSON with hexadecimal ids, numbered enums and 64-bit numbers as text', () => {
    const request = JSON.parse(encodeOtlpJson([richSpan(1), { ...richSpan(2), resource: { 'service.name': 'b' } }]));
    expect(request.resourceSpans).toHaveLength(2);
    const [span] = request.resourceSpans[0].scopeSpans[0].spans;
    expect(span).toMatchObject({
      traceId: 'a'.repeat(32),
      kind: 1,
      startTimeUnixNano: '1763712000000000001',
      status: { code: 1 },
    });
    expect(span.attributes).toContainEqual({ key: 'int', value: { intValue: '42' } });
    expect(span.attributes).toContainEqual({ key: 'real', value: { doubleValue: 0.5 } });
    expect(span.attributes).toContainEqual({
      key: 'deep',
      value: { kvlistValue: { values: [{ key: 'a', value: { kvlistValue: { values: [{ key: 'b', value: {} }] } } }] } },
    });
  });

  it('is read by our own receiver as what it was', () => {
    const spans = spansOf(toolRollout());
    const normal = (read: { readonly spans: readonly Span[] }) =>
      read.spans.map((span) => ({ ...span, statusMessage: '' }));
    const expected = spans.map((span) => ({ ...span, statusMessage: '' }));
    expect(normal(readTraceProtobuf(encodeOtlpProtobuf(spans), NOW))).toMatchObject(expected);
    expect(normal(readTraceJson(encodeOtlpJson(spans), NOW))).toMatchObject(expected);
  });

  it('holds a value that is larger than its first buffer', () => {
    const large = { ...richSpan(1), attributes: { text: 'ü'.repeat(300_000) } };
    expect(decodeOtlp(encodeOtlpProtobuf([large]))[0]?.attributes).toEqual(large.attributes);
  });
});
