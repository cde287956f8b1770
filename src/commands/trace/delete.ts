import { existsSync } from 'node:fs';
import { ApoError } from '../../core/errors.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import { projectKey } from '../../platform/project-key.ts';
import type { Store } from '../../stores/store.ts';
import { deleteFromCold } from '../../traces/cold/cold.ts';
import { print, printJson } from '../ui/output.ts';
import { resultsFolder, type StoreOptions, withStore } from '../ui/store-options.ts';
import { coldFolder } from './archive.ts';
import { traceOf } from './filter.ts';

export type DeleteFlags = StoreOptions & { readonly session?: string; readonly user?: string; readonly yes?: boolean };

export async function deleteTraces(ids: readonly string[], flags: DeleteFlags): Promise<void> {
  const { session, user } = flags;
  if ([ids.length > 0, session !== undefined, user !== undefined].filter(Boolean).length !== 1) {
    throw new ApoError('usage', 'say what to delete', { hint: 'give trace ids, or --session ID, or --user ID' });
  }
  if (!flags.yes) await confirm(session ?? user ?? ids.join(', '));
  const target = session ?? user;
  const deleted = await withStore(flags, async (store) => {
    if (session !== undefined) return store.traces.delete({ sessionId: session });
    if (user !== undefined) return store.traces.delete({ userId: user });
    return store.traces.delete({ traceIds: await traceIds(store, ids) });
  });
  const coldSpans = target === undefined ? 0 : await deleteCold(target, flags);
  if (flags.json) printJson({ deleted, coldSpans });
  else {
    const cold = coldSpans === 0 ? '' : `, and ${coldSpans} spans in cold storage`;
    print(`${deleted} ${deleted === 1 ? 'trace' : 'traces'} deleted${cold}`);
  }
}

/** Cold storage knows people and sessions by pseudonym only. Returns the number of spans that were removed. */
async function deleteCold(id: string, flags: StoreOptions): Promise<number> {
  const folder = coldFolder(flags);
  return existsSync(folder) ? deleteFromCold(folder, pseudonymOf(id, projectKey(resultsFolder(flags))), new Date()) : 0;
}

/** All ids must be known before the first is deleted. */
async function traceIds(store: Store, references: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const reference of references) ids.push((await traceOf(store, reference)).traceId);
  return ids;
}

async function confirm(what: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new ApoError('usage', 'deleting needs a confirmation', { hint: 'add --yes' });
  }
  const { confirm: ask } = await import('@clack/prompts');
  if ((await ask({ message: `Delete traces of ${what} for good?`, initialValue: false })) !== true) {
    throw new ApoError('usage', 'nothing was deleted');
  }
}
