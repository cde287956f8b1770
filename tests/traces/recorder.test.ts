import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { createRecorder } from '../../src/traces/recorder.ts';
import { SinkError, type TraceSink } from '../../src/traces/sink.ts';
import { createOtlpExporter } from '../../src/traces/sinks/otlp.ts';
import { richSpan } from '../contracts/sink.ts';
import { memorySink } from './recording.ts';
import { receiver } from './sinks/receiver.ts';

/** Never settles, whatever is asked of it. */
const hole: TraceSink = { name: 'hole', write: () => new Promise(() => undefined), close: async () => undefined };

function failing(error: () => Error): TraceSink & { attempts: number } {
  return {
    name: 'failing',
    attempts: 0,
    async write() {
      this.attempts += 1;
      throw error();
    },
    close: async () => undefined,
  };
}

describe('recorder', () => {
  it('holds at most its bound for a sink that never answers, counts the rest, and serves the other sinks (R22)', async () => {
    const memory = memorySink();
    const recorder = createRecorder({ sinks: [hole, memory], maxSpans: 10_000, intervalMs: 1 });
    for (let number = 1; number <= 15_000; number++) {
      recorder.record(richSpan(number));
      if (number % 5_000 === 0) await recorder.flush(20);
    }
    const { sinks, dropped, recorded } = await recorder.flush(20);
    const [stuck, working] = sinks;
    expect(recorded).toBe(15_000);
    expect(memory.spans).toHaveLength(15_000);
    expect(working?.dropped).toEqual({ overflow: 0, refused: 0 });
    expect(stuck?.queued).toBe(10_000);
    // One batch is in flight for ever; everything else beyond the bound is gone, oldest first.
    expect(dropped).toBe(15_000 - 10_000 - 512);
    const closed = await recorder.close(20);
    expect(closed.sinks[0]?.queued).toBe(0);
  });

  it('keeps to its bound in bytes and drops the oldest', async () => {
    const memory = memorySink();
    const recorder = createRecorder({ sinks: [memory], maxBytes: 50_000 });
    for (let number = 1; number <= 10; number++) {
      recorder.record({ ...richSpan(number), attributes: { text: 'x'.repeat(10_000) } });
    }
    const { dropped } = await recorder.flush();
    expect(memory.spans.map(({ name }) => name)).toEqual([7, 8, 9, 10].map((number) => richSpan(number).name));
    expect(dropped).toBe(6);
  });

  it('sends a batch again that may be kept later, in order and without loss', async () => {
    const { url, requests, answer } = await receiver();
    const sink = createOtlpExporter({ endpoint: url, environment: createEnvironment({}) });
    const recorder = createRecorder({ sinks: sink === undefined ? [] : [sink] });
    recorder.record(richSpan(1));
    answer(503);
    expect((await recorder.flush()).sinks[0]).toMatchObject({ queued: 1, failures: 1, written: 0 });
    answer(200);
    expect((await recorder.flush()).sinks[0]).toMatchObject({ queued: 0, written: 1, dropped: { refused: 0 } });
    expect(requests.map(({ status }) => status)).toEqual([503, 200]);
    await recorder.close();
  });

  it('counts what a sink refuses for good and goes on with the next batch', async () => {
    const sink = failing(() => new SinkError('400', { retryable: false }));
    const recorder = createRecorder({ sinks: [sink] });
    for (let number = 1; number <= 600; number++) recorder.record(richSpan(number));
    const { sinks, dropped } = await recorder.flush();
    expect(sink.attempts).toBe(2);
    expect(dropped).toBe(600);
    expect(sinks[0]).toMatchObject({ lastError: '400', dropped: { refused: 600 } });
  });

  it('loses one span, not the batch, when the redaction of one throws', async () => {
    const memory = memorySink();
    const recorder = createRecorder({
      sinks: [memory],
      prepare: (span) => {
        if (span.name === richSpan(2).name) throw new Error('cannot redact');
        return span;
      },
    });
    for (const number of [1, 2, 3]) recorder.record(richSpan(number));
    expect((await recorder.flush()).dropped).toBe(1);
    expect(memory.spans).toHaveLength(2);
  });

  it('does not wait for a server that accepts and never answers', async () => {
    const { url, answer } = await receiver();
    answer(0);
    const sink = createOtlpExporter({ endpoint: url, environment: createEnvironment({}) });
    const recorder = createRecorder({ sinks: sink === undefined ? [] : [sink], writeTimeoutMs: 30 });
    recorder.record(richSpan(1));
    const { sinks } = await recorder.flush();
    expect(sinks[0]).toMatchObject({ queued: 1, failures: 1, written: 0 });
    await recorder.close(20);
  });
});
