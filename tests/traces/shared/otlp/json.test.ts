import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTraceJson } from '../../../../src/traces/shared/otlp/json.ts';
import { OtlpError } from '../../../../src/traces/shared/otlp/limits.ts';

const NOW = 1_795_000_000_000_000_000n;
const SPAN = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: '00f067aa0ba902b7',
  name: 'chat',
  startTimeUnixNano: '1795000000000000000',
};
const request = (span: object): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
const read = (span: object) => readTraceJson(request({ ...SPAN, ...span }), NOW).spans[0];

describe('JSON requests', () => {
  it.each([
    ['upper-case hex', { traceId: '0AF7651916CD43DD8448EB211C80319C', spanId: '00F067AA0BA902B7' }],
    ['base64', { traceId: 'CvdlGRbNQ92ESOshHIAxnA==', spanId: 'APBnqgupArc=' }],
  ])('accepts ids in %s', (_name, ids) => {
    expect(read(ids)).toMatchObject({ traceId: SPAN.traceId, spanId: SPAN.spanId });
  });

  it('accepts 64-bit integers as text and as number, and keeps large ones exactly', () => {
    const attributes = [
      { key: 'text', value: { intValue: '42' } },
      { key: 'number', value: { intValue: 42 } },
      { key: 'large', value: { intValue: '9007199254740993' } },
    ];
    const span = read({ attributes, endTimeUnixNano: 1_795_000_001_000_000_000 });
    expect(span?.attributes).toEqual({ text: 42, number: 42, large: '9007199254740993' });
    expect(span?.endNs).toBe('1795000001000000000');
  });

  it('reads what older JavaScript exporters sent: times in halves (0.44), scopes as libraries (0.27)', () => {
    // As otlp-transformer 0.44.0 wrote 1795265979.025 s.
    const [high, low] = [Number(1_795_265_979_025_000_000n >> 32n), Number(1_795_265_979_025_000_000n & 0xffffffffn)];
    const endTimeUnixNano = { low: low | 0, high };
    expect(read({ startTimeUnixNano: { low, high }, endTimeUnixNano })).toMatchObject({
      startNs: '1795265979025000000',
      endNs: '1795265979025000000',
    });
    expect(read({ endTimeUnixNano: { low: 'x', high: {} } })?.endNs).toBe('');
    const libraries = [{ instrumentationLibrary: { name: 'old', version: '1' }, spans: [SPAN] }];
    const text = JSON.stringify({ resourceSpans: [{ instrumentationLibrarySpans: libraries }] });
    expect(readTraceJson(text, NOW).spans).toMatchObject([
      { spanId: SPAN.spanId, scope: { name: 'old', version: '1' } },
    ]);
  });

  it('accepts enums by number and by name', () => {
    expect(read({ kind: 3, status: { code: 2, message: 'no' } })).toMatchObject({
      otelKind: 'client',
      status: 'error',
    });
    expect(read({ kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_ERROR' } })).toMatchObject({
      otelKind: 'client',
      status: 'error',
    });
  });

  it('keeps arrays, lists of key-values and special doubles as JSON', () => {
    const attributes = [
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { boolValue: true }] } } },
      { key: 'map', value: { kvlistValue: { values: [{ key: 'k', value: { doubleValue: 0.5 } }] } } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
    ];
    expect(read({ attributes })?.attributes).toEqual({ list: ['a', true], map: { k: 0.5 }, nan: 'NaN' });
  });

  it('reads events and links, links without ids left out', () => {
    const span = read({
      events: [{ timeUnixNano: '5', name: 'exception', attributes: [{ key: 'm', value: { stringValue: 'x' } }] }],
      links: [{ traceId: SPAN.traceId, spanId: SPAN.spanId }, { traceId: 'zz' }],
    });
    expect(span?.events).toEqual([{ name: 'exception', timeNs: '5', attributes: { m: 'x' } }]);
    expect(span?.links).toEqual([{ traceId: SPAN.traceId, spanId: SPAN.spanId, attributes: {} }]);
  });

  it.each([
    ['text that is not JSON', '{"resourceSpans": [', /malformed JSON/],
    ['a list', '[]', /not a JSON object/],
    ['nesting of 100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000), /deeper than 64/],
    ['more than a million objects', `{"resourceSpans":[${'{},'.repeat(1_000_001)}{}]}`, /more than 1000000/],
    ['__proto__ as a member', '{"resourceSpans":[],"__proto__":{"x":1}}', /forbidden key/],
    ['logs', '{"resourceLogs":[]}', /\/v1\/logs/],
    ['log records among spans', '{"resourceSpans":[{"scopeSpans":[{"logRecords":[]}]}]}', /\/v1\/logs/],
    ['metrics', '{"resourceMetrics":[]}', /\/v1\/metrics/],
    ['spans that are no list', '{"resourceSpans":{}}', /not a list/],
  ])('refuses %s', (_name, text, message) => {
    expect(() => readTraceJson(text, NOW)).toThrow(message);
  });

  it('keeps half surrogates out of the store', () => {
    expect(read({ name: 'a\ud800b' })?.name).toBe('a\ufffdb');
  });

  it('never throws anything but a refusal, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.jsonValue(), (text, value) => {
        for (const given of [
          text,
          JSON.stringify({ resourceSpans: value }),
          request({ ...SPAN, attributes: value, events: value, status: value }),
        ]) {
          try {
            readTraceJson(given, NOW);
          } catch (error) {
            expect(error).toBeInstanceOf(OtlpError);
          }
        }
      }),
    );
  });
});
