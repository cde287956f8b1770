import { ApoError } from '../../core/errors.ts';
import type { Run, Store } from '../../stores/store.ts';
import { formatChange, formatScore } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderFields, renderTable } from '../ui/table.ts';
import { groupBy, scoreOf } from './candidates.ts';
import { findRun } from './find.ts';
import { type ResultScore, resultOf } from './result.ts';

type Side = {
  readonly run: Run;
  /** As the run reports it. */
  readonly best: ResultScore;
  /** Mean score on each validation task, of all the times that the prompt was tried on it. */
  readonly tasks: ReadonlyMap<string, number>;
};

type Comparison = { readonly taskId: string; readonly from: number; readonly to: number; readonly change: number };

/** Compares the best prompts of two runs on the validation tasks that both were scored on. */
export async function compareRuns(from: string, to: string, options: StoreOptions): Promise<void> {
  const [before, after] = await withStore(options, async (store) => [
    await sideOf(store, from),
    await sideOf(store, to),
  ]);
  const tasks = compareTasks(before, after);
  const counts = {
    tasks: tasks.length,
    regressed: tasks.filter(({ change }) => change < 0).length,
    improved: tasks.filter(({ change }) => change > 0).length,
    onlyFrom: before.tasks.size - tasks.length,
    onlyTo: after.tasks.size - tasks.length,
  };
  const mean = { from: meanOf(tasks.map((task) => task.from)), to: meanOf(tasks.map((task) => task.to)) };
  if (options.json === true) {
    return printJson({
      from: sideIn(before, mean.from),
      to: sideIn(after, mean.to),
      counts,
      tasks,
    });
  }
  print(
    `${renderFields([
      ['from', describeSide(before, mean.from)],
      ['to', describeSide(after, mean.to)],
      ['shared tasks', `${counts.tasks}: ${counts.regressed} regressed, ${counts.improved} improved`],
      ['not shared', `${counts.onlyFrom} only in the first run, ${counts.onlyTo} only in the second`],
    ])}\n\n${renderTasks(tasks)}`,
  );
}

function sideIn({ run, best }: Side, mean: number | null): object {
  return { runId: run.id, promptId: best.promptId, score: best.score, mean };
}

function describeSide({ run, best }: Side, shared: number | null): string {
  const own = `${formatScore(best.score)} in its run`;
  return `${run.id}, best prompt ${best.promptId}: score ${own}, ${formatScore(shared)} on the shared tasks`;
}

async function sideOf(store: Store, reference: string): Promise<Side> {
  const run = await findRun(store, reference);
  const { best } = resultOf(run);
  if (best === null) {
    throw new ApoError('not-found', `run ${run.id} has no result yet`, { hint: 'finish it with apo train --resume' });
  }
  const scores = await store.rollouts.scores({ runId: run.id, promptId: best.promptId });
  const byTask = groupBy(
    scores.filter(({ split }) => split === 'val'),
    ({ taskId }) => taskId,
  );
  const tasks = new Map<string, number>();
  for (const [taskId, rollouts] of byTask) {
    const { mean } = scoreOf(rollouts);
    if (mean !== null) tasks.set(taskId, mean);
  }
  return { run, best, tasks };
}

/** Worst change first. */
function compareTasks(before: Side, after: Side): readonly Comparison[] {
  return [...before.tasks]
    .flatMap(([taskId, from]) => {
      const to = after.tasks.get(taskId);
      return to === undefined ? [] : [{ taskId, from, to, change: to - from }];
    })
    .sort((a, b) => a.change - b.change || (a.taskId < b.taskId ? -1 : 1));
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function renderTasks(tasks: readonly Comparison[]): string {
  const changed = tasks.filter(({ change }) => change !== 0);
  if (changed.length === 0) return tasks.length === 0 ? 'no validation task in both runs' : 'no task changed';
  return renderTable(
    [
      { title: 'CHANGE', align: 'right' },
      { title: 'SCORE FROM', align: 'right' },
      { title: 'SCORE TO', align: 'right' },
      { title: 'SHARED VALIDATION TASK' },
    ],
    changed.map(({ taskId, from, to, change }) => [formatChange(change), formatScore(from), formatScore(to), taskId]),
  );
}
