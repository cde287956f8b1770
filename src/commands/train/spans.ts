import type { Environment } from '../../config/environment.ts';
import { messageOf } from '../../core/errors.ts';
import { DEFAULT_REDACTION } from '../../core/privacy/detector.ts';
import { createRedactor } from '../../core/privacy/redact.ts';
import type { Span } from '../../core/trace.ts';
import type { Store } from '../../stores/store.ts';
import { redactSpan } from '../../traces/content.ts';
import { spansOf } from '../../traces/shared/rollout-spans.ts';
import { createOtlpExporter } from '../../traces/sinks/otlp.ts';

const BATCH_SPANS = 500;
const SEND_TIMEOUT_MS = 10_000;

/**
 * Puts the spans of a run into the store, where `apo trace` shows them, and sends them to the OpenTelemetry backend that
 * the standard variables name. What is sent is redacted; a backend that is down costs a warning, never the run.
 * @returns the warning, if any
 */
export async function publishSpans(store: Store, runId: string, environment: Environment): Promise<string | undefined> {
  const exporter = createOtlpExporter({ environment });
  let unsent = 0;
  let reason = '';
  const send = async (spans: readonly Span[]): Promise<void> => {
    if (exporter === undefined) return;
    try {
      await exporter.write(spans, { signal: AbortSignal.timeout(SEND_TIMEOUT_MS) });
    } catch (error) {
      unsent += spans.length;
      reason = messageOf(error);
    }
  };
  let kept: Span[] = [];
  let outgoing: Span[] = [];
  const flush = async (): Promise<void> => {
    if (kept.length > 0) await store.traces.saveSpans(kept);
    if (outgoing.length > 0) await send(outgoing);
    kept = [];
    outgoing = [];
  };
  for await (const stored of store.rollouts.list({ runId })) {
    const spans = spansOf(stored);
    kept.push(...spans);
    if (exporter !== undefined) {
      const redactor = createRedactor(DEFAULT_REDACTION);
      outgoing.push(...spans.map((span) => redactSpan(span, redactor.value)));
    }
    if (kept.length >= BATCH_SPANS) await flush();
  }
  await flush();
  await exporter?.close();
  return unsent === 0 ? undefined : `${unsent} spans were not sent to the OpenTelemetry endpoint: ${reason}`;
}
