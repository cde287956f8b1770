import { onTestFinished } from 'vitest';
import type { Span } from '../../src/core/trace.ts';
import type { TraceSink } from '../../src/traces/sink.ts';
import { configureTracing, type Tracing, type TracingOptions } from '../../src/traces/tracing.ts';

/** A sink that keeps everything in memory. */
export function memorySink(): TraceSink & { readonly spans: Span[] } {
  const spans: Span[] = [];
  return {
    name: 'memory',
    spans,
    async write(batch) {
      spans.push(...batch);
    },
    async close() {},
  };
}

export type Recording = Tracing & {
  /** Everything recorded so far. */
  spans(): Promise<readonly Span[]>;
};

/** Configures tracing for one test. */
export function recordingFor(options: Partial<TracingOptions> = {}): Recording {
  const sink = memorySink();
  const tracing = configureTracing({ sinks: [sink], service: 'test', ...options });
  onTestFinished(async () => {
    await tracing.close();
  });
  return {
    ...tracing,
    async spans() {
      await tracing.flush();
      return sink.spans;
    },
  };
}
