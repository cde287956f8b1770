import { dirname } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import type { Task } from '../../core/task.ts';
import type { HashId } from '../../exporters/pipeline/samples.ts';
import type { SampleSource } from '../../exporters/pipeline/source.ts';
import { rolloutSource, taskSource, traceSource } from '../../exporters/pipeline/sources.ts';
import { projectKey } from '../../platform/project-key.ts';
import type { Store } from '../../stores/store.ts';
import { findRun } from '../runs/find.ts';
import { storePath, withStore } from '../ui/store-options.ts';
import type { ExportFlags } from './options.ts';
import { openTasks, type TaskFile } from './tasks.ts';

/**
 * Opens what the flags name for the time of the work: a run (the newest one when nothing is named), a session's traces
 * (`all` for every session), or a file of tasks. Tasks together with a run are the run's own: they bring references, sessions and users.
 */
export async function withSource<T>(flags: ExportFlags, work: (source: SampleSource) => Promise<T>): Promise<T> {
  const { run, session } = flags;
  if (run !== undefined && session !== undefined) {
    throw new ApoError('usage', '--run and --session are two sources', { hint: 'give one of them' });
  }
  const file = await openTasks(flags);
  try {
    const hash = createHashId(flags);
    if (file !== undefined && run === undefined) return await work(taskSource(file.read, file.kind, hash));
    return await withStore(flags, async (store) => {
      if (session !== undefined) return work(tracesOf(store, session, hash));
      // A store that only ever received traces has no run to be meant.
      const hasRuns = run !== undefined || (await store.runs.list({ limit: 1 })).length > 0;
      return work(hasRuns ? await rolloutsOf(store, run ?? 'latest', file, hash) : tracesOf(store, 'all', hash));
    });
  } finally {
    file?.close();
  }
}

async function rolloutsOf(store: Store, run: string, file: TaskFile | undefined, hash: HashId): Promise<SampleSource> {
  const { id } = await findRun(store, run);
  return rolloutSource(store.rollouts, id, hash, await tasksById(file));
}

function tracesOf(store: Store, session: string, hash: HashId): SampleSource {
  return traceSource(store.traces, session === 'all' ? {} : { sessionId: session }, hash);
}

export async function tasksById(file: TaskFile | undefined): Promise<ReadonlyMap<string, Task>> {
  const tasks = new Map<string, Task>();
  if (file === undefined) return tasks;
  for await (const record of file.read()) if (record.kind === 'task') tasks.set(record.task.id, record.task);
  return tasks;
}

export function createHashId(flags: ExportFlags): HashId {
  let key: string | undefined;
  return (id) => {
    // Made when it is first needed: a command that fails leaves no key behind.
    key ??= projectKey(dirname(storePath(flags)));
    return pseudonymOf(id, key);
  };
}
