import { ApoError } from '../core/errors.ts';
import type { Task } from '../core/task.ts';
import type { HistorySource } from '../history/source.ts';
import { type CleanOptions, createCleaner, type DropReason } from './clean.ts';
import { type LoadOptions, loadDataset, type Rejected } from './load.ts';
import { type Split, type SplitOptions, splitTasks } from './split.ts';

export type LoadTasksOptions = CleanOptions &
  LoadOptions & {
    /** Path of a dataset file; this or `history`. */
    readonly dataset?: string;
    /** An opened history (see `openHistory`); the caller closes it. */
    readonly history?: HistorySource;
    readonly seed: number;
    readonly split?: Omit<SplitOptions, 'seed'>;
  };

export type Counts = {
  /** `loaded + rejected`. */
  readonly records: number;
  /** Records that are tasks: kept and dropped. */
  readonly loaded: number;
  readonly rejected: number;
  readonly kept: number;
  readonly dropped: { readonly [R in DropReason]?: number };
};

export type LoadedTasks = {
  readonly tasks: readonly Task[];
  readonly split: Split;
  readonly counts: Counts;
  readonly warnings: readonly string[];
  readonly rejected: readonly Rejected[];
};

/** Turns of a history older than this are left out unless the user says otherwise. */
export const DEFAULT_MAX_AGE_DAYS = 30;

/**
 * Everything that a training run needs to know of its tasks: read, cleaned, filtered and split.
 * @throws ApoError `dataset-invalid`, `dataset-empty`, `history-invalid`, `usage` (none or both of the sources).
 */
export async function loadTasks(options: LoadTasksOptions): Promise<LoadedTasks> {
  const read = await readTasks(options);
  if (read.tasks.length === 0) throw nothingLeft(read.counts);
  const split = splitTasks(read.tasks, { seed: options.seed, ...options.split });
  return { ...read, split, warnings: [...read.warnings, ...split.warnings] };
}

/** The same without the split. */
export async function readTasks(
  options: Omit<LoadTasksOptions, 'seed' | 'split'>,
): Promise<Omit<LoadedTasks, 'split'>> {
  const { dataset, history } = options;
  if ((dataset === undefined) === (history === undefined)) {
    throw new ApoError('usage', 'tasks come from a dataset or from a history, not from none or both', {
      hint: 'give either --dataset FILE or --history FILE',
    });
  }
  const loaded = dataset === undefined ? undefined : await loadDataset(dataset, options);
  const maxAgeDays = options.maxAgeDays ?? (history === undefined ? Number.POSITIVE_INFINITY : DEFAULT_MAX_AGE_DAYS);
  const clean = createCleaner({ ...options, maxAgeDays });
  const tasks: Task[] = [];
  const rejected: Rejected[] = [...(loaded?.rejected ?? [])];
  const dropped: { [R in DropReason]?: number } = {};
  let count = 0;
  const take = (task: Task): void => {
    count++;
    const reason = clean(task);
    if (reason === undefined) tasks.push(task);
    else dropped[reason] = (dropped[reason] ?? 0) + 1;
  };
  for (const task of loaded?.tasks ?? []) take(task);
  if (history !== undefined) {
    for await (const record of history.read()) {
      if (record.kind === 'task') take(record.task);
      else rejected.push({ where: record.where, reason: record.reason });
    }
  }
  return {
    tasks,
    counts: { records: count + rejected.length, loaded: count, rejected: rejected.length, kept: tasks.length, dropped },
    warnings: loaded?.warnings ?? [],
    rejected,
  };
}

function nothingLeft(counts: Counts): ApoError {
  const reasons = Object.entries(counts.dropped).map(([reason, count]) => `${count} ${reason}`);
  if (counts.rejected > 0) reasons.push(`${counts.rejected} rejected`);
  return new ApoError(
    'dataset-empty',
    `no task is left of ${counts.records} records${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`,
    {
      hint:
        (counts.dropped['too old'] ?? 0) > 0
          ? 'take older conversations with --max-age-days'
          : 'relax the filters, or give more data',
    },
  );
}
