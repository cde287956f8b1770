import { describe, expect, it } from 'vitest';
import type { Span } from '../../src/core/trace.ts';
import type { TraceSink } from '../../src/traces/sink.ts';

export type SinkHarness = {
  readonly sink: TraceSink;
  /** What has reached the other side, one entry a span (or the trace ids, for sinks that keep a derived form). */
  received(): Promise<readonly { readonly traceId: string; readonly spanId?: string; readonly name?: string }[]>;
  /** Makes the next writes fail in the way that this kind fails for a while. Left out by sinks that cannot. */
  breakIt?(): void;
  repairIt?(): void;
};

const signal = new AbortController().signal;

/** A span with everything that a value can be. */
export function richSpan(number: number, traceId = 'a'.repeat(32)): Span {
  return {
    traceId,
    spanId: number.toString(16).padStart(16, '0'),
    parentSpanId: number === 1 ? null : '0000000000000001',
    name: `span ${number} ü😀`,
    kind: number === 1 ? 'agent' : 'phase',
    startNs: `17637120000000${String(number).padStart(5, '0')}`,
    endNs: `17637120010000${String(number).padStart(5, '0')}`,
    status: number === 3 ? 'error' : 'ok',
    statusMessage: number === 3 ? 'it\nfailed' : '',
    attributes: {
      text: 'line\n\u0000"quote"',
      int: 42,
      negative: -7,
      real: 0.5,
      yes: true,
      list: ['a', 1],
      deep: { a: { b: null } },
    },
    events: [{ name: 'event', timeNs: '1763712000500000001', attributes: { n: 1 } }],
    links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), attributes: { why: 'because' } }],
    resource: { 'service.name': 'test' },
    scope: { name: 'test', version: '1' },
  };
}

/** What every sink has to do, whatever stands behind it. */
export function sinkContract(name: string, create: () => Promise<SinkHarness>): void {
  describe(`${name} as a sink`, () => {
    it('keeps every span of every batch', async () => {
      const { sink, received } = await create();
      await sink.write([richSpan(3), richSpan(2)], { signal });
      await sink.write([richSpan(1)], { signal });
      await sink.close();
      const traces = new Set((await received()).map(({ traceId }) => traceId));
      expect(traces).toEqual(new Set(['a'.repeat(32)]));
      const ids = (await received()).flatMap(({ spanId }) => spanId ?? []);
      if (ids.length > 0) expect(new Set(ids).size).toBe(3);
    });

    it('accepts an empty batch and spans that come twice', async () => {
      const { sink, received } = await create();
      await sink.write([], { signal });
      await sink.write([richSpan(1), richSpan(1)], { signal });
      await sink.write([richSpan(1)], { signal });
      await sink.close();
      expect((await received()).length).toBeGreaterThan(0);
    });

    it('does not change what it is given', async () => {
      const { sink } = await create();
      const span = richSpan(1);
      await sink.write(Object.freeze([span]), { signal });
      await sink.close();
      expect(span).toEqual(richSpan(1));
    });

    it('says that a failure which may pass is worth another attempt, and works again afterwards', async () => {
      const { sink, received, breakIt, repairIt } = await create();
      if (breakIt === undefined) return;
      breakIt();
      await expect(sink.write([richSpan(1)], { signal })).rejects.toMatchObject({ name: 'SinkError', retryable: true });
      repairIt?.();
      await sink.write([richSpan(1)], { signal });
      await sink.close();
      expect((await received()).length).toBeGreaterThan(0);
    });
  });
}
