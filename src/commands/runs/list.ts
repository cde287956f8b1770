import { formatDate, formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderTable } from '../ui/table.ts';
import { resultOf } from './result.ts';

export async function listRuns(options: StoreOptions): Promise<void> {
  const runs = await withStore(options, (store) => store.runs.list());
  if (options.json === true) {
    return printJson(
      runs.map((run) => {
        const { id, status, reason, algorithm, seed, createdAt, updatedAt } = run;
        return { runId: id, status, reason, algorithm, seed, createdAt, updatedAt, ...resultOf(run) };
      }),
    );
  }
  if (runs.length === 0) return print('no runs yet: run apo train first');
  print(
    renderTable(
      [
        { title: 'RUN' },
        { title: 'STATUS' },
        { title: 'ALGORITHM' },
        { title: 'BASELINE', align: 'right' },
        { title: 'BEST', align: 'right' },
        { title: 'VERDICT' },
        { title: 'CREATED' },
        { title: 'REASON' },
      ],
      runs.map((run) => {
        const { baseline, best, verdict, simulated } = resultOf(run);
        return [
          run.id,
          run.status,
          run.algorithm,
          formatScore(baseline?.score),
          formatScore(best?.score),
          simulated ? `${verdict ?? '-'} (simulated)` : (verdict ?? '-'),
          formatDate(run.createdAt),
          run.reason,
        ];
      }),
    ),
  );
}
