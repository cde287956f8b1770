import { ApoError } from '../core/errors.ts';
import { hashOf } from '../core/json.ts';
import type { Task } from '../core/task.ts';
import type { HistorySource } from '../history/source.ts';
import { type CleanOptions, createCleaner, type DropReason } from './clean.ts';
import { contentKey } from './content-key.ts';
import { assertUsable, createNotes, type LoadOptions, type Rejected, streamDataset } from './load.ts';
import { type Split, type SplitOptions, splitTasks } from './split.ts';

export type TaskSource = {
  /** Path of a dataset file; this or `history`. */
  readonly dataset?: string;
  /** An opened history (see `openHistory`); the caller closes it. */
  readonly history?: HistorySource;
};

/** Reads these only, as if the source held nothing else: what was added since a run began is no part of it. */
type Selection = { readonly only?: (task: Task) => boolean };

export type LoadTasksOptions = TaskSource &
  CleanOptions &
  LoadOptions &
  Selection & { readonly seed: number; readonly split?: Omit<SplitOptions, 'seed'> };

export type Counts = {
  /** `loaded + rejected`. */
  readonly records: number;
  /** Records that are tasks: `kept` and `dropped`. */
  readonly loaded: number;
  readonly rejected: number;
  readonly kept: number;
  readonly dropped: { readonly [R in DropReason]?: number };
};

export type Scan = {
  readonly counts: Counts;
  readonly warnings: readonly string[];
  /** The first {@link MAX_LISTED_REJECTED} rejected records; `counts` has them all. */
  readonly rejected: readonly Rejected[];
};

export type LoadedTasks = Scan & { readonly tasks: readonly Task[]; readonly split: Split };

/** Turns of a history older than this are left out unless the user says otherwise. */
export const DEFAULT_MAX_AGE_DAYS = 30;

const CONTRADICTION = 'the same task has another expected answer elsewhere; only one of them is kept';

export const MAX_LISTED_REJECTED = 1000;

/**
 * Everything that a training run needs to know of its tasks: read, cleaned, filtered and split.
 * @throws ApoError `dataset-invalid`, `dataset-empty`, `history-invalid`, `usage` (none or both of the sources).
 */
export async function loadTasks(options: LoadTasksOptions): Promise<LoadedTasks> {
  const tasks: Task[] = [];
  const places = new Map<string, number>();
  const take = (task: Task): void => {
    places.set(contentKey(task), tasks.length);
    tasks.push(task);
  };
  // Which copy is kept must not depend on the order of the rows, because the copies' conversations may differ.
  const takeCopy = (copy: Task): void => {
    const at = places.get(contentKey(copy)) ?? -1;
    const kept = tasks[at];
    if (kept !== undefined && rankOf(copy) < rankOf(kept)) tasks[at] = copy;
  };
  const scan = await scanTasks(options, take, takeCopy);
  assertTasks(scan, options);
  const split = splitTasks(tasks, { seed: options.seed, ...options.split });
  return { ...scan, tasks, split, warnings: [...scan.warnings, ...split.warnings] };
}

/** Of several copies the smallest is kept: one with an expected answer before one without. */
function rankOf(task: Task): string {
  return `${task.expected === null ? 1 : 0}${hashOf(task)}`;
}

/**
 * Reads, cleans and filters in constant memory and calls `take` for each task that is kept. Judges nothing, so that
 * `apo dataset validate` can show what is wrong.
 */
export async function scanTasks(
  options: TaskSource & CleanOptions & Selection,
  take: (task: Task) => unknown,
  /** Called for each task that is dropped because one with the same content was taken before. */
  takeCopy: (task: Task) => unknown = () => undefined,
): Promise<Scan> {
  const { dataset, history } = options;
  if ((dataset === undefined) === (history === undefined)) {
    throw new ApoError('usage', 'tasks come from a dataset or from a history, not from none or both', {
      hint: 'give either --dataset FILE or --history FILE',
    });
  }
  const notes = createNotes();
  const records = history === undefined ? streamDataset(dataset ?? '', notes.add) : history.read();
  const maxAgeDays = options.maxAgeDays ?? (history === undefined ? Number.POSITIVE_INFINITY : DEFAULT_MAX_AGE_DAYS);
  const clean = createCleaner({ ...options, maxAgeDays }, () => notes.add(CONTRADICTION));
  const rejected: Rejected[] = [];
  const dropped: { [R in DropReason]?: number } = {};
  let loaded = 0;
  let kept = 0;
  let rejectedCount = 0;
  for await (const record of records) {
    if (options.only !== undefined && (record.kind === 'rejected' || !options.only(record.task))) continue;
    if (record.kind === 'rejected') {
      rejectedCount++;
      if (rejected.length < MAX_LISTED_REJECTED) rejected.push({ where: record.where, reason: record.reason });
      continue;
    }
    loaded++;
    const reason = clean(record.task);
    if (reason !== undefined) {
      dropped[reason] = (dropped[reason] ?? 0) + 1;
      if (reason === 'duplicate') takeCopy(record.task);
      continue;
    }
    kept++;
    take(record.task);
  }
  return {
    counts: { records: loaded + rejectedCount, loaded, rejected: rejectedCount, kept, dropped },
    warnings: notes.list(),
    rejected,
  };
}

/**
 * Whether the result of a scan can be worked with.
 * @throws ApoError `dataset-invalid` for too many rejected dataset records, `dataset-empty` when no task is left.
 */
export function assertTasks(scan: Scan, options: TaskSource & LoadOptions): void {
  const { counts } = scan;
  if (options.dataset !== undefined) {
    assertUsable(counts.records, counts.rejected, scan.rejected, options.dataset, options);
  }
  if (counts.kept > 0) return;
  if (counts.records === 0) {
    throw new ApoError(
      'dataset-empty',
      `there is no ${options.dataset === undefined ? 'conversation' : 'record'} to read`,
      {
        hint: 'give a file that has some',
      },
    );
  }
  const reasons = Object.entries(counts.dropped).map(([reason, count]) => `${count} ${reason}`);
  if (counts.rejected > 0) reasons.push(`${counts.rejected} rejected`);
  const why = reasons.length > 0 ? ` (${reasons.join(', ')})` : '';
  throw new ApoError('dataset-empty', `no task is left of ${counts.records} records${why}`, {
    hint:
      (counts.dropped['too old'] ?? 0) > 0
        ? 'take older conversations with --max-age-days'
        : 'relax the filters, or give more data',
  });
}
