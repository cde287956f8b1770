import pc from 'picocolors';
import { terminalSafe } from '../../platform/text.ts';
import type { TraceSummary } from '../../stores/trace-store.ts';
import { formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { withStore } from '../ui/store-options.ts';
import { type Column, renderTable } from '../ui/table.ts';
import { type FilterFlags, filterOf } from './filter.ts';
import { formatDuration, formatTime } from './time.ts';

export async function listTraces(
  flags: FilterFlags & { readonly limit: number; readonly after?: string },
): Promise<void> {
  const filter = filterOf(flags, Date.now());
  const page = await withStore(flags, (store) =>
    store.traces.list(filter, { limit: flags.limit, ...(flags.after === undefined ? {} : { after: flags.after }) }),
  );
  if (flags.json) return printJson(page);
  if (page.traces.length === 0) return print(pc.dim('no traces'));
  print(renderSessions(page.traces));
  if (page.next !== null) print(pc.dim(`\nmore: --after ${page.next}`));
}

const COLUMNS: readonly Column[] = [
  { title: 'started' },
  { title: 'trace' },
  { title: 'status' },
  { title: 'name' },
  { title: 'took', align: 'right' },
  { title: 'spans', align: 'right' },
  { title: 'tokens', align: 'right' },
  { title: 'score', align: 'right' },
  { title: 'asked' },
];

/** One table for each session, in the order of its newest trace; traces without a session stand alone at their place. */
export function renderSessions(traces: readonly TraceSummary[]): string {
  const groups = new Map<string | null, TraceSummary[]>();
  for (const trace of traces) {
    const group = groups.get(trace.sessionId);
    if (group === undefined) groups.set(trace.sessionId, [trace]);
    else group.push(trace);
  }
  return [...groups]
    .map(([session, members]) => {
      const title = session === null ? 'without session' : `session ${terminalSafe(session).replaceAll('\n', ' ')}`;
      return `${pc.bold(title)} ${pc.dim(`(${members.length})`)}\n${renderTable(COLUMNS, members.map(cells))}`;
    })
    .join('\n\n');
}

export function cells(trace: TraceSummary): readonly string[] {
  return [
    formatTime(trace.startNs),
    trace.traceId.slice(0, 12),
    trace.status === 'error' ? 'error' : 'ok',
    trace.name,
    formatDuration(trace.durationMs),
    String(trace.spans),
    String(trace.inputTokens + trace.outputTokens),
    formatScore(trace.score),
    trace.input,
  ];
}
