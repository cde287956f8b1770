import type { RedactionLevel } from '../core/privacy/detector.ts';
import type { TraceStore } from '../stores/trace-store.ts';
import { createRecorder, type TracingReport } from './recorder.ts';
import { redactOutbound } from './redaction.ts';
import { type RolloutRecord, type RolloutSpanOptions, spansOf } from './shared/rollout-spans.ts';
import type { TraceSink } from './sink.ts';

export type PublishOptions = {
  /** Stored rollouts of a run, in any order. */
  readonly rollouts: AsyncIterable<RolloutRecord> | Iterable<RolloutRecord>;
  /** Where the spans are kept, so that `apo trace` shows a run. */
  readonly store?: TraceStore | undefined;
  /** Where they are sent, from `createOtlpExporter`; absent when no endpoint is configured. */
  readonly exporter?: TraceSink | undefined;
  /** Names of prompt and agent, by rollout. */
  readonly describe?: (record: RolloutRecord) => RolloutSpanOptions;
  /** Redaction of what leaves the machine, 0 to 4. Default 2. */
  readonly redaction?: RedactionLevel;
  /** How long to wait for a slow receiver at the end, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
};

/** Spans that are saved in one go. */
const BATCH = 500;

/**
 * Saves and sends the spans of a training run. Ids depend on the run only, so that publishing again (after a resume, or
 * to rebuild) replaces. A receiver that is down or slow costs the timeout at most and never fails the run: the report
 * says what was lost.
 * @throws ApoError `store-*` from the store.
 */
export async function publishRollouts(options: PublishOptions): Promise<TracingReport> {
  const { rollouts, store, exporter, describe, timeoutMs = 10_000 } = options;
  const recorder = createRecorder({
    sinks: exporter === undefined ? [] : [exporter],
    prepare: redactOutbound(options.redaction),
  });
  let batch: ReturnType<typeof spansOf>[] = [];
  let size = 0;

  async function save(): Promise<void> {
    if (size === 0) return;
    const spans = batch.flat();
    batch = [];
    size = 0;
    await store?.saveSpans(spans);
    for (const span of spans) recorder.record(span);
    // One attempt for each batch: a receiver that keeps up loses nothing, however large the run.
    if (exporter !== undefined && recorder.report().sinks[0]?.failures === 0) await recorder.flush(timeoutMs);
  }
  try {
    for await (const record of rollouts) {
      const spans = spansOf(record, describe?.(record));
      batch.push(spans);
      size += spans.length;
      if (size >= BATCH) await save();
    }
    await save();
  } finally {
    await recorder.close(timeoutMs);
  }
  return recorder.report();
}
