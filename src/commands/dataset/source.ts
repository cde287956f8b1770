import { type Stats, statSync } from 'node:fs';
import { loadEnvironment } from '../../config/environment.ts';
import { ApoError } from '../../core/errors.ts';
import type { Difficulty } from '../../core/task.ts';
import type { CleanOptions } from '../../datasets/clean.ts';
import type { LoadOptions } from '../../datasets/load.ts';
import type { TaskSource } from '../../datasets/tasks.ts';
import { openHistory } from '../../plugins.ts';

/** Flags that all commands of `apo dataset` share, as commander gives them. */
export type SourceFlags = {
  readonly dataset?: string;
  readonly history?: string;
  readonly realDataDb?: string;
  readonly historySource?: string;
  readonly maxAgeDays?: number;
  readonly minRating?: number;
  readonly limit?: number;
  readonly category?: readonly string[];
  readonly difficulty?: readonly Difficulty[];
  readonly expectObserved?: boolean;
  readonly skipInvalid?: boolean;
  readonly json?: boolean;
};

export type OpenedSource = {
  /** The file that is read. */
  readonly path: string;
  /** `dataset`, or the name of the history source. */
  readonly kind: string;
  readonly options: TaskSource & CleanOptions & LoadOptions;
};

/** Opens what the flags name, and closes it whatever happens. */
export async function withTaskSource<T>(
  file: string | undefined,
  flags: SourceFlags,
  use: (source: OpenedSource) => Promise<T>,
): Promise<T> {
  const dataset = file ?? flags.dataset;
  const historyPath = flags.history ?? flags.realDataDb;
  const conflicting = [file, flags.dataset, flags.history, flags.realDataDb].filter((path) => path !== undefined);
  if (conflicting.length > 1) {
    throw new ApoError('usage', `tasks come from one file, not from ${conflicting.join(' and ')}`, {
      hint: 'give either a dataset file or --history FILE',
    });
  }
  const filters: CleanOptions & LoadOptions = {
    now: Date.now(),
    ...(flags.maxAgeDays === undefined ? {} : { maxAgeDays: flags.maxAgeDays }),
    ...(flags.minRating === undefined ? {} : { minRating: flags.minRating }),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    ...(flags.category === undefined ? {} : { categories: flags.category }),
    ...(flags.difficulty === undefined ? {} : { difficulties: flags.difficulty }),
    skipInvalid: flags.skipInvalid === true,
  };
  if (dataset !== undefined) return use({ path: dataset, kind: 'dataset', options: { ...filters, dataset } });
  if (historyPath === undefined) {
    throw new ApoError('usage', 'no tasks to read', { hint: 'give a dataset file or --history FILE' });
  }
  const history = await openHistory(historyPath, flags.historySource, {
    folder: process.cwd(),
    environment: loadEnvironment(),
    expectObserved: flags.expectObserved === true,
  });
  try {
    return await use({ path: historyPath, kind: history.name, options: { ...filters, history } });
  } finally {
    history.close();
  }
}

/** @throws ApoError `usage` when `target` is the file that the tasks come from: what is not a task of it would be gone. */
export function refuseSource(source: string, target: string): void {
  const [from, to] = [source, target].map(statusOf);
  if (from === undefined || to === undefined || from.ino !== to.ino || from.dev !== to.dev) return;
  throw new ApoError('usage', `--out would replace ${source}, which the tasks are read from`, {
    hint: 'name another file to write',
  });
}

/** What cannot be looked at is found out when it is read or written. */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
