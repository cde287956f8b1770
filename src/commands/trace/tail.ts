import { setTimeout as wait } from 'node:timers/promises';
import type { TraceSummary } from '../../stores/trace-store.ts';
import { print } from '../ui/output.ts';
import { withStore } from '../ui/store-options.ts';
import { renderTable } from '../ui/table.ts';
import { type FilterFlags, filterOf } from './filter.ts';
import { cells } from './list.ts';

const POLL_MS = 500;
/** Newest traces that are looked at in each round; a trace counts as changed while spans arrive. */
const WINDOW = 100;

/** Prints each trace when it appears and again when more of it has arrived; ends with SIGINT or SIGTERM, exit 0. */
export async function tailTraces(flags: FilterFlags): Promise<void> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const filter = filterOf(flags, Date.now());
  try {
    await withStore(flags, async (store) => {
      let known = versions((await store.traces.list(filter, { limit: WINDOW })).traces);
      while (!stop.signal.aborted) {
        await wait(POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
        const { traces } = await store.traces.list(filter, { limit: WINDOW });
        for (const trace of [...traces].reverse()) {
          if (known.get(trace.traceId) !== versionOf(trace)) print(flags.json ? JSON.stringify(trace) : lineOf(trace));
        }
        known = versions(traces);
      }
    });
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function versions(traces: readonly TraceSummary[]): ReadonlyMap<string, string> {
  return new Map(traces.map((trace) => [trace.traceId, versionOf(trace)]));
}

function versionOf(trace: TraceSummary): string {
  return [trace.spans, trace.endNs, trace.errors, trace.feedback].join(' ');
}

/** The row of `list` without its titles. */
function lineOf(trace: TraceSummary): string {
  const row = [...cells(trace), trace.sessionId ?? ''];
  return renderTable(
    row.map(() => ({ title: '' })),
    [row],
  ).slice(
    1 +
      renderTable(
        row.map(() => ({ title: '' })),
        [],
      ).length,
  );
}
