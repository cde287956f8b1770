import { hostname } from 'node:os';
import { ApoError } from '../../core/errors.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { findRun } from './find.ts';

/**
 * Releases a claim that a machine took with it (a container that was replaced, a host that died). A claim of this
 * machine needs no unlocking: whether its process lives is known.
 */
export async function unlockRun(reference: string, options: StoreOptions): Promise<void> {
  const { run, owner } = await withStore(options, async (store) => {
    const found = await findRun(store, reference);
    const holder = await store.runs.owner(found.id);
    if (holder?.host === hostname()) {
      throw new ApoError('store-locked', `run ${found.id} was claimed by process ${holder.pid} on this machine`, {
        hint: 'stop that process; a dead one is replaced by apo train --resume without unlocking',
      });
    }
    if (holder !== undefined) await store.runs.release(found.id, holder);
    return { run: found, owner: holder };
  });
  if (options.json === true) return printJson({ runId: run.id, released: owner ?? null });
  print(owner === undefined ? `run ${run.id} was not claimed` : `run ${run.id} released from ${owner.host}`);
}
