import type { RedactionLevel } from '../core/privacy/detector.ts';
import type { Span } from '../core/trace.ts';
import type { TraceStore } from '../stores/trace-store.ts';
import { createRecorder, type TracingReport } from './recorder.ts';
import { redactOutbound } from './redaction.ts';
import { type RolloutRecord, type RolloutSpanOptions, spansOf } from './shared/rollout-spans.ts';
import type { TraceSink } from './sink.ts';

export type PublishOptions = {
  /** Where the spans are kept, so that `apo trace` shows a run. */
  readonly store?: Pick<TraceStore, 'saveSpans'> | undefined;
  /** Where they are sent, from `createOtlpExporter`; absent when no endpoint is configured. */
  readonly exporter?: TraceSink | undefined;
  /** Names of prompt and agent, by rollout. */
  readonly describe?: (record: RolloutRecord) => RolloutSpanOptions;
  /** Redaction of what leaves the machine, 0 to 4. Default 2. */
  readonly redaction?: RedactionLevel;
  /** How long to wait for a slow receiver at the end, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
};

/** Publishes the rollouts of a run while it trains. */
export type RolloutPublisher = {
  /** Never throws and never waits. */
  add(rollouts: readonly RolloutRecord[]): void;
  /**
   * Resolves when everything is saved and sent, or given up.
   * @throws ApoError `store-*` of the first save that failed; nothing was saved after it
   */
  close(): Promise<TracingReport>;
};

/** Spans that are saved in one go: a few milliseconds, in which the run can send nothing. */
const BATCH = 25;
/** Milliseconds that a rollout waits for its spans: the calls that follow it are sent first, and this is done while they run. */
const DELAY_MS = 10;

/**
 * Saves and sends the spans of a training run. Ids depend on the run only, so that publishing again (after a resume, or
 * to rebuild) replaces. A receiver that is down or slow costs the timeout at most and never fails the run: the report
 * says what was lost.
 */
export function createRolloutPublisher(options: PublishOptions): RolloutPublisher {
  const { store, exporter, describe, timeoutMs = 10_000 } = options;
  const recorder = createRecorder({
    sinks: exporter === undefined ? [] : [exporter],
    prepare: redactOutbound(options.redaction),
  });
  let waiting: RolloutRecord[] = [];
  let timer: NodeJS.Timeout | undefined;
  let batch: Span[] = [];
  let saving: Promise<void> = Promise.resolve();

  async function save(spans: readonly Span[]): Promise<void> {
    await store?.saveSpans(spans);
    for (const span of spans) recorder.record(span);
    // One attempt for each batch: a receiver that keeps up loses nothing, however large the run.
    if (exporter !== undefined && recorder.report().sinks[0]?.failures === 0) await recorder.flush(timeoutMs);
  }
  async function saveBatch(): Promise<void> {
    const spans = batch;
    batch = [];
    await save(spans);
  }
  function publishWaiting(): void {
    clearTimeout(timer);
    timer = undefined;
    const records = waiting;
    waiting = [];
    saving = saving.then(async () => {
      for (const record of records) {
        batch.push(...spansOf(record, describe?.(record)));
        if (batch.length >= BATCH) await saveBatch();
      }
    });
    // It is thrown at the end: what fails here fails the run's own writes as well.
    saving.catch(() => undefined);
  }
  return {
    add(rollouts) {
      waiting.push(...rollouts);
      timer ??= setTimeout(publishWaiting, DELAY_MS);
    },
    async close() {
      publishWaiting();
      saving = saving.then(saveBatch);
      try {
        await saving;
      } finally {
        await recorder.close(timeoutMs);
      }
      return recorder.report();
    },
  };
}
