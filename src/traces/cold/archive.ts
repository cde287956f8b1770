import { DEFAULT_REDACTION, type RedactionLevel } from '../../core/privacy/detector.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import { createRedactor } from '../../core/privacy/redact.ts';
import type { FeedbackRow, TraceStore, TraceSummary } from '../../stores/trace-store.ts';
import { redactSpan } from '../content.ts';
import { type ColdReport, expireCold, writeCold } from './cold.ts';
import { settleMoves, startMove } from './move.ts';
import { type ColdTrace, receivedMs } from './rows.ts';

export type Retention = {
  /** Traces that started more than so many days ago leave the store. */
  readonly days: number;
  /** Cold storage. */
  readonly folder: string;
  /** Parquet files of dates more than so many days ago are removed. */
  readonly expireDays: number;
  /** Of what is moved. Default 2. */
  readonly redaction?: RedactionLevel;
};

export type ArchiveReport = ColdReport & { readonly expired: readonly string[] };

export type ArchiveContext = {
  readonly now: Date;
  /** The project's key for pseudonyms. */
  readonly key: string;
  /** Ends the work after the traces that are being moved. */
  readonly signal?: AbortSignal;
  /** Leaves the store's file as large as it is. Default: it is compacted in the end, which keeps other writers waiting. */
  readonly keepSpace?: boolean;
};

const DAY_MS = 86_400_000;
const PAGE = 200;
/** Traces that are moved at a time: their parts are on disk before they leave the store. */
const MOVED = 2_000;

/**
 * Applies a retention: old traces go to Parquet files by date, then leave the store, and files that are older still are
 * removed; so is old feedback whose trace never came. Killed at any point, no trace is lost, and the next call leaves none
 * in both places.
 * @throws ApoError `file-write`, `store-*` (`store-locked` while another process moves traces to the folder)
 */
export async function archiveTraces(
  traces: TraceStore,
  { days, folder, expireDays, redaction = DEFAULT_REDACTION }: Retention,
  { now, key, signal, keepSpace = false }: ArchiveContext,
): Promise<ArchiveReport> {
  const until = new Date(now.getTime() - days * DAY_MS).toISOString();
  const isInStore = async (traceId: string): Promise<boolean> => (await traces.find(traceId)) !== undefined;
  await settleMoves(folder, isInStore);
  await traces.deleteStrays(until);
  const total = { files: [] as string[], traces: 0, spans: 0, dropped: 0 };
  if ((await oldest(traces, { until, now })).old.length > 0) {
    const move = startMove(folder);
    try {
      while (signal?.aborted !== true) {
        const { old, more } = await oldest(traces, { until, now });
        if (old.length === 0) break;
        const { files, ...counts } = await writeCold({
          folder,
          traces: coldTraces(traces, old, redaction),
          newId: move.newId,
          pseudonym: (id) => pseudonymOf(id, key),
          redactionLevel: redaction,
        });
        total.files.push(...files);
        total.traces += counts.traces;
        total.spans += counts.spans;
        total.dropped += counts.dropped;
        await traces.delete({ traceIds: old.map(({ traceId }) => traceId) }, { keepSpace: keepSpace || more });
        move.done();
      }
      move.end();
    } catch (error) {
      // Parts of traces that stay; where not even that can be done, the next call does it.
      await settleMoves(folder, isInStore).catch(() => undefined);
      throw error;
    }
  }
  return { ...total, expired: expireCold(folder, { days: expireDays, now }) };
}

async function oldest(
  traces: TraceStore,
  { until, now }: { readonly until: string; readonly now: Date },
): Promise<{ readonly old: readonly TraceSummary[]; readonly more: boolean }> {
  const found: TraceSummary[] = [];
  let after: string | null = null;
  do {
    const page = await traces.list({ until }, { limit: PAGE, ...(after === null ? {} : { after }) });
    found.push(...page.traces);
    after = page.next;
  } while (after !== null && found.length < MOVED);
  if (after === null) found.push(...(await aheadOfTime(traces, { until, now })));
  return { old: found, more: after !== null };
}

/** Traces that claim to be from the future, and were received before `until`: no other time would ever make them old. */
async function aheadOfTime(
  traces: TraceStore,
  { until, now }: { readonly until: string; readonly now: Date },
): Promise<readonly TraceSummary[]> {
  const found: TraceSummary[] = [];
  let after: string | null = null;
  do {
    const since = now.toISOString();
    const page = await traces.list({ since }, { limit: PAGE, ...(after === null ? {} : { after }) });
    for (const summary of page.traces) {
      const received = receivedMs(await traces.spans(summary.traceId));
      if (received !== undefined && received <= Date.parse(until)) found.push(summary);
    }
    after = page.next;
  } while (after !== null && found.length < MOVED);
  return found;
}

/** One trace at a time; placeholders are consistent within a trace. */
async function* coldTraces(
  traces: TraceStore,
  summaries: readonly TraceSummary[],
  level: RedactionLevel,
): AsyncGenerator<ColdTrace> {
  for (const { traceId, sessionId, userId } of summaries) {
    const spans = await traces.spans(traceId);
    const feedback = await traces.feedback(traceId);
    if (level === 0) {
      yield { spans, sessionId, userId, feedback };
      continue;
    }
    const redact = createRedactor(level).value;
    yield {
      spans: spans.map((span) => redactSpan(span, redact)),
      sessionId,
      userId,
      feedback: feedback.map((given) => redactedFeedback(given, redact)),
    };
  }
}

function redactedFeedback(given: FeedbackRow, redact: (text: string) => string): FeedbackRow {
  const { comment, correction } = given;
  return { ...given, comment: redact(comment), correction: correction === null ? null : redact(correction) };
}
