import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { isJsonObject } from '../../core/json.ts';
import type { RolloutOwner, Run, Store } from '../../stores/store.ts';
import { trajectoryFiles, writeTrajectories } from '../../traces/trajectory.ts';
import { resultsFolder, type StoreOptions } from '../ui/store-options.ts';

/** What deletion took from training runs. */
export type ForgottenRollouts = {
  readonly rollouts: number;
  /** Of these rollouts; some runs store the spans of some of theirs. */
  readonly traceIds: readonly string[];
  /** Runs that held some of them; their journals are gone. */
  readonly runs: readonly string[];
  /** Those of them that were not finished: going on pays for their calls again. */
  readonly unfinished: readonly string[];
};

/**
 * Deletes somebody's conversations from the training runs that were made from them: rollouts, journal and trajectory.
 * Prompts, reports and results stay; the gate keeps conversations out of them.
 * @throws ApoError `store-locked` while a run is being trained
 */
export async function deleteFromRuns(
  store: Store,
  owner: RolloutOwner,
  flags: StoreOptions,
): Promise<ForgottenRollouts> {
  const me = { pid: process.pid, host: hostname() };
  const runs = await store.rollouts.runsOf(owner);
  const unfinished: string[] = [];
  const traceIds: string[] = [];
  // All before the first is touched: somebody's deletion should not stop half way.
  for (const id of runs) await store.runs.claim(id, me);
  try {
    for (const id of runs) {
      const run = await store.runs.get(id);
      traceIds.push(...(await store.rollouts.forget(id, owner)));
      if (run === undefined) continue;
      if (run.status !== 'completed') unfinished.push(id);
      const folder = trajectoryFolder(run, flags);
      if (existsSync(trajectoryFiles(folder, id).file)) {
        await writeTrajectories({ folder, run, rollouts: store.rollouts.list({ runId: id }) });
      }
    }
  } finally {
    for (const id of runs) await store.runs.release(id, me);
  }
  return { rollouts: traceIds.length, traceIds, runs, unfinished };
}

/** Where the run says that it wrote its trajectory; else where runs write it by default. */
function trajectoryFolder({ result }: Run, flags: StoreOptions): string {
  const files = result?.files;
  const trajectory = isJsonObject(files) ? files.trajectory : undefined;
  return typeof trajectory === 'string' ? dirname(trajectory) : join(resultsFolder(flags), 'trajectories');
}
