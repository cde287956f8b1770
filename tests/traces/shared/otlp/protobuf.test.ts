import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTraceJson } from '../../../../src/traces/shared/otlp/json.ts';
import { OtlpError } from '../../../../src/traces/shared/otlp/limits.ts';
import { readTraceProtobuf } from '../../../../src/traces/shared/otlp/protobuf.ts';
import {
  attribute,
  bytesField,
  fixed64Field,
  spanMessage,
  TRACE_ID,
  textAttribute,
  traceRequest,
  varintField,
} from '../../../helpers/protobuf.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/otlp_trace_request');
const NOW = 1_795_000_000_000_000_000n;
const read = (bytes: Uint8Array) => readTraceProtobuf(bytes, NOW);

function refusal(bytes: Uint8Array): OtlpError {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof OtlpError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('protobuf requests', () => {
  it('reads what the OpenTelemetry JS SDK wrote, the same from both encodings', () => {
    const fromProtobuf = read(readFileSync(`${FIXTURE}.pb`));
    expect(fromProtobuf).toEqual(readTraceJson(readFileSync(`${FIXTURE}.json`, 'utf8'), NOW));
    expect(fromProtobuf.spans[0]).toMatchObject({
      traceId: 'ac30bafaab54f7b0eb23d1d8cc039718',
      kind: 'model',
      startNs: '1795230325988000000',
      endNs: '1795230325988388583',
      attributes: { big: 9007199254740991, f: 0.5, 'gen_ai.response.finish_reasons': ['stop'] },
      resource: { 'telemetry.sdk.language': 'nodejs' },
      scope: { name: 'gen_ai' },
    });
  });

  it('keeps every value type, 64-bit integers exactly', () => {
    const list = bytesField(5, Buffer.concat([bytesField(1, varintField(3, -5)), bytesField(1, varintField(2, 1))]));
    const map = bytesField(6, bytesField(1, Buffer.concat([bytesField(1, 'k'), bytesField(2, bytesField(1, 'v'))])));
    const { spans } = read(
      traceRequest(
        spanMessage([
          attribute('list', list),
          attribute('map', map),
          attribute('huge', varintField(3, 9_223_372_036_854_775_807n)),
          attribute('negative', varintField(3, -9_223_372_036_854_775_808n)),
          attribute('bytes', bytesField(7, Buffer.from([1, 2, 3]))),
          attribute('zero', varintField(3, 0)),
          attribute('empty', Buffer.alloc(0)),
        ]),
      ),
    );
    expect(spans[0]?.attributes).toEqual({
      list: [-5, true],
      map: { k: 'v' },
      huge: '9223372036854775807',
      negative: '-9223372036854775808',
      bytes: 'AQID',
      zero: 0,
      empty: null,
    });
  });

  it('finds resource and scope behind the spans', () => {
    const scope = Buffer.concat([bytesField(2, spanMessage()), bytesField(1, bytesField(1, 'late scope'))]);
    const resource = bytesField(
      1,
      Buffer.concat([bytesField(1, 'service.name'), bytesField(2, bytesField(1, 'late'))]),
    );
    const request = bytesField(1, Buffer.concat([bytesField(2, scope), bytesField(1, resource)]));
    expect(read(request).spans[0]).toMatchObject({
      scope: { name: 'late scope' },
      resource: { 'service.name': 'late' },
    });
  });

  it('rejects single spans with bad ids and keeps the others', () => {
    const request = traceRequest(
      spanMessage(),
      spanMessage([], { trace: '00'.repeat(16) }),
      spanMessage([], { span: '01' }),
    );
    const { spans, rejectedSpans, reasons } = read(request);
    expect(spans).toHaveLength(1);
    expect(rejectedSpans).toBe(2);
    expect([...reasons.keys()]).toEqual(['trace id is not 16 non-zero bytes', 'span id is not 8 non-zero bytes']);
  });

  it('refuses a logs export and says where to send it', () => {
    const log = Buffer.concat([
      fixed64Field(1, NOW),
      varintField(2, 9),
      bytesField(5, bytesField(1, 'a log line')),
      bytesField(9, Buffer.from(TRACE_ID, 'hex')),
    ]);
    expect(refusal(traceRequest(log))).toMatchObject({ status: 400, message: expect.stringContaining('/v1/logs') });
  });

  it('keeps the first 128 attributes of a span with a million', () => {
    const one = textAttribute('k', 'v');
    const many = Buffer.concat([
      ...Array.from({ length: 128 }, (_, index) => textAttribute(`k${index}`, 'v')),
      ...Array(100_000).fill(one),
    ]);
    const { spans, droppedAttributes } = read(traceRequest(spanMessage([many])));
    expect(droppedAttributes).toBe(100_000);
    expect(Object.keys(spans[0]?.attributes ?? {})).toHaveLength(129);
    expect(spans[0]?.attributes['otel.dropped_attributes_count']).toBe(100_000);
  });

  it('cuts a value over 64 KiB, marks it, and leaves JSON readable', () => {
    const messages = JSON.stringify([
      { role: 'system', content: 'first' },
      { role: 'user', content: 'x'.repeat(200_000) },
      { role: 'user', content: 'last' },
    ]);
    const { spans, truncatedValues } = read(
      traceRequest(
        spanMessage([textAttribute('gen_ai.input.messages', messages), textAttribute('plain', 'é'.repeat(50_000))]),
      ),
    );
    const attributes = spans[0]?.attributes ?? {};
    const kept = JSON.parse(String(attributes['gen_ai.input.messages']));
    expect(kept.map(({ content }: { content: string }) => content.slice(0, 5))).toEqual(['first', 'xxxxx', 'last']);
    expect(String(attributes['gen_ai.input.messages']).length).toBeLessThanOrEqual(65_536);
    expect(String(attributes.plain)).toMatch(/é…\[\d+ bytes cut\]$/);
    expect(truncatedValues).toBe(2);
    expect(attributes['apo.truncated_values']).toBe(2);
  });

  it('refuses values that are nested deeper than 64 levels', () => {
    let value: Uint8Array = varintField(3, 1);
    for (let depth = 0; depth < 100; depth++) value = bytesField(5, bytesField(1, value));
    expect(refusal(traceRequest(spanMessage([attribute('deep', value)])))).toMatchObject({ status: 400 });
  });

  it('refuses more than 10,000 spans as a whole', () => {
    const spans = Array.from({ length: 10_001 }, () => spanMessage());
    expect(refusal(traceRequest(...spans))).toMatchObject({ status: 413 });
  });

  it('drops keys that could reach a prototype (S08)', () => {
    const map = bytesField(
      6,
      bytesField(1, Buffer.concat([bytesField(1, '__proto__'), bytesField(2, bytesField(1, 'x'))])),
    );
    const { spans, droppedAttributes } = read(
      traceRequest(
        spanMessage([textAttribute('__proto__', 'x'), attribute('map', map), textAttribute('a.__proto__.b', 'flat')]),
      ),
    );
    expect(spans[0]?.attributes).toEqual({ map: {}, 'a.__proto__.b': 'flat', 'otel.dropped_attributes_count': 1 });
    expect(droppedAttributes).toBe(2);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it('gives a span without a start time the time of receipt and says so', () => {
    const span = Buffer.concat([bytesField(1, Buffer.from(TRACE_ID, 'hex')), bytesField(2, Buffer.alloc(8, 7))]);
    const { spans, reasons } = read(traceRequest(span));
    expect(spans[0]?.startNs).toBe(NOW.toString());
    expect([...reasons.keys()].join()).toContain('start time was missing');
  });

  it('never throws anything but a refusal, whatever the bytes (S07)', () => {
    const valid = Buffer.from(readFileSync(`${FIXTURE}.pb`));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(valid.length),
        (edits, length) => {
          const bytes = Buffer.from(valid);
          for (const [at, value] of edits) bytes[at] = value;
          try {
            read(bytes.subarray(0, length));
          } catch (error) {
            expect(error).toBeInstanceOf(OtlpError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(OtlpError);
        }
      }),
    );
  });
});
