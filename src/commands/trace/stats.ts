import { formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { withStore } from '../ui/store-options.ts';
import { renderFields, renderTable } from '../ui/table.ts';
import { type FilterFlags, filterOf } from './filter.ts';
import { formatDuration } from './time.ts';

export async function showStats(flags: FilterFlags): Promise<void> {
  const filter = filterOf(flags, Date.now());
  const stats = await withStore(flags, (store) => store.traces.stats(filter));
  if (flags.json) return printJson(stats);
  print(
    renderFields([
      ['traces', String(stats.traces)],
      ['sessions', String(stats.sessions)],
      ['spans', String(stats.spans)],
      ['failed', String(stats.errors)],
      ['tokens', `${stats.inputTokens} in, ${stats.outputTokens} out`],
      ['score', formatScore(stats.meanScore)],
      ['took', `${formatDuration(stats.meanDurationMs)} on average`],
    ]),
  );
  for (const [title, names] of [
    ['model', stats.models],
    ['tool', stats.tools],
  ] as const) {
    if (names.length === 0) continue;
    const rows = names.map(({ name, traces }) => [name, String(traces)]);
    print(`\n${renderTable([{ title }, { title: 'traces', align: 'right' }], rows)}`);
  }
}
