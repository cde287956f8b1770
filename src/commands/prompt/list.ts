import { storedPrompts } from '../../registry/record.ts';
import { formatDate, formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderTable } from '../ui/table.ts';

export async function listPrompts(options: StoreOptions): Promise<void> {
  const prompts = await withStore(options, async (store) => [...(await storedPrompts(store))].reverse());
  if (options.json === true) return printJson(prompts);
  if (prompts.length === 0) return print('no prompts yet: run apo train first');
  print(
    renderTable(
      [
        { title: 'VERSION', align: 'right' },
        { title: 'PROMPT' },
        { title: 'SCORE', align: 'right' },
        { title: 'VERDICT' },
        { title: 'RUN' },
        { title: 'CREATED' },
        { title: 'LABELS' },
        { title: 'TEXT' },
      ],
      prompts.map((entry) => [
        `v${entry.version}`,
        entry.promptId,
        formatScore(entry.score),
        entry.simulated ? `${entry.verdict} (simulated)` : entry.verdict,
        entry.runId,
        formatDate(entry.createdAt),
        entry.labels.join(', '),
        entry.text,
      ]),
    ),
  );
}
