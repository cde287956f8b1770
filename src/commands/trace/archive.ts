import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { DEFAULT_REDACTION, REDACTION_LEVELS, type RedactionLevel } from '../../core/privacy/detector.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import type { Span } from '../../core/trace.ts';
import { projectKey } from '../../platform/project-key.ts';
import type { Store } from '../../stores/store.ts';
import { expireCold, writeCold } from '../../traces/cold/cold.ts';
import { createSpanRedactor } from '../../traces/redaction.ts';
import { print, printJson } from '../ui/output.ts';
import { resultsFolder, type StoreOptions, withStore } from '../ui/store-options.ts';
import { allTraces } from './pages.ts';

export type ArchiveFlags = StoreOptions & {
  readonly olderThan: string;
  readonly expire: string;
  readonly to?: string;
  readonly redact?: string;
};

const DAY_MS = 86_400_000;

/** Where cold traces are unless `--to` says otherwise. */
export function coldFolder(options: StoreOptions): string {
  return join(resultsFolder(options), 'cold');
}

/**
 * Retention: traces older than so many days go to Parquet files by date and leave the store; Parquet files older than
 * `--expire` days are removed. A trace is deleted from the store only after its part is on disk.
 */
export async function archiveTraces(flags: ArchiveFlags): Promise<void> {
  const days = daysOf('--older-than', flags.olderThan);
  const expireDays = daysOf('--expire', flags.expire);
  const redaction = levelOf(flags.redact);
  const now = new Date();
  const folder = flags.to ?? coldFolder(flags);
  const { traces, spans, files } = await withStore(flags, async (store) => {
    const old: string[] = [];
    for await (const trace of allTraces(store, { until: new Date(now.getTime() - days * DAY_MS).toISOString() })) {
      old.push(trace.traceId);
    }
    const key = projectKey(resultsFolder(flags));
    const report = await writeCold({
      folder,
      traces: redactedSpans(store, old, redaction),
      newId: randomUUID,
      pseudonym: (id) => pseudonymOf(id, key),
      redactionLevel: redaction,
    });
    if (old.length > 0) await store.traces.delete({ traceIds: old });
    return report;
  });
  const expired = expireCold(folder, { days: expireDays, now });
  if (flags.json) printJson({ folder, traces, spans, files, expired });
  else print(`${traces} traces (${spans} spans) moved to ${folder}; ${expired.length} expired dates removed`);
}

/** One trace at a time; placeholders are consistent within a trace. */
async function* redactedSpans(
  store: Store,
  ids: readonly string[],
  level: RedactionLevel,
): AsyncGenerator<readonly Span[]> {
  for (const id of ids) {
    const spans = await store.traces.spans(id);
    yield level === 0 ? spans : spans.map(createSpanRedactor(level));
  }
}

function daysOf(flag: string, given: string): number {
  const days = Number(given);
  if (Number.isFinite(days) && days >= 0) return days;
  throw new ApoError('usage', `${flag} ${given} is not a number of days`, { hint: `for example ${flag} 30` });
}

function levelOf(given: string | undefined): RedactionLevel {
  const level = given === undefined ? DEFAULT_REDACTION : Number(given);
  const known = REDACTION_LEVELS.find((each) => each === level);
  if (known !== undefined) return known;
  throw new ApoError('usage', `unknown redaction level ${given}`, {
    hint: `choose one of ${REDACTION_LEVELS.join(', ')}`,
  });
}
