import { dirname } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import type { Task } from '../../core/task.ts';
import type { HashId } from '../../exporters/shared/samples.ts';
import type { SampleSource } from '../../exporters/shared/source.ts';
import { rolloutSource, taskSource } from '../../exporters/shared/sources.ts';
import { projectKey } from '../../platform/project-key.ts';
import { findRun } from '../runs/find.ts';
import { storePath, withStore } from '../ui/store-options.ts';
import type { ExportFlags } from './options.ts';
import { readTasks } from './tasks.ts';

/**
 * Opens what the flags name for the time of the work: a run (the newest one when nothing is named), a session's traces,
 * or a file of tasks. Tasks together with a run are the run's own: they bring references, sessions and users.
 */
export async function withSource<T>(flags: ExportFlags, work: (source: SampleSource) => Promise<T>): Promise<T> {
  const { run, session, history, dataset } = flags;
  if (run !== undefined && session !== undefined) {
    throw new ApoError('usage', '--run and --session are two sources', { hint: 'give one of them' });
  }
  if (history !== undefined && dataset !== undefined) {
    throw new ApoError('usage', '--history and --dataset are two sources', { hint: 'give one of them' });
  }
  const hash = createHashId(flags);
  const kind = history !== undefined ? 'history' : 'dataset';
  const file = history ?? dataset;
  if (file !== undefined && run === undefined) {
    return work(taskSource(() => readTasks(kind, file), kind, hash));
  }
  return withStore(flags, async (store) => {
    const { id } = await findRun(store, run ?? 'latest');
    const tasks = new Map<string, Task>();
    if (file !== undefined) for await (const task of readTasks(kind, file)) tasks.set(task.id, task);
    return work(rolloutSource(store.rollouts, id, hash, tasks));
  });
}

function createHashId(flags: ExportFlags): HashId {
  const key = projectKey(dirname(storePath(flags)));
  return (id) => pseudonymOf(id, key);
}
