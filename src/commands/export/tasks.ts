import { loadEnvironment } from '../../config/environment.ts';
import { ApoError } from '../../core/errors.ts';
import { streamDataset } from '../../datasets/load.ts';
import type { HistoryRecord } from '../../history/source.ts';
import { openHistory } from '../../plugins.ts';

/** A file of tasks that can be read again and again, record by record. */
export type TaskFile = {
  readonly kind: 'history' | 'dataset';
  read(): AsyncIterable<HistoryRecord> | Iterable<HistoryRecord>;
  close(): void;
};

type TaskFlags = { readonly history?: string; readonly historySource?: string; readonly dataset?: string };

/** @throws ApoError `usage` for two files, and what the readers throw */
export async function openTasks({ history, historySource, dataset }: TaskFlags): Promise<TaskFile | undefined> {
  if (history !== undefined && dataset !== undefined) {
    throw new ApoError('usage', '--history and --dataset are two sources', { hint: 'give one of them' });
  }
  if (dataset !== undefined) {
    return { kind: 'dataset', read: () => streamDataset(dataset, () => undefined), close: () => undefined };
  }
  if (history === undefined) return undefined;
  const source = await openHistory(history, historySource, { folder: process.cwd(), environment: loadEnvironment() });
  return { kind: 'history', read: () => source.read(), close: () => source.close() };
}
