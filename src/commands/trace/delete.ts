import { ApoError } from '../../core/errors.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import type { Store } from '../../stores/store.ts';
import { type ColdTarget, deleteFromCold, hasCold } from '../../traces/cold/cold.ts';
import { deleteFromSpanFiles } from '../../traces/sinks/jsonl-delete.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { traceOf } from './filter.ts';
import { coldFolder, pseudonymKey } from './retention.ts';

export type DeleteFlags = StoreOptions & {
  readonly session?: string;
  readonly user?: string;
  readonly yes?: boolean;
  readonly cold?: string;
  readonly jsonl?: readonly string[];
};

/** Hot store, cold storage and the files of JSONL sinks. */
export async function deleteTraces(ids: readonly string[], flags: DeleteFlags): Promise<void> {
  const { session, user } = flags;
  if ([ids.length > 0, session !== undefined, user !== undefined].filter(Boolean).length !== 1) {
    throw new ApoError('usage', 'say what to delete', { hint: 'give trace ids, or --session ID, or --user ID' });
  }
  if (!flags.yes) await confirm(session ?? user ?? ids.join(', '));
  const cold = flags.cold ?? coldFolder(flags);
  // Ids by which a trace may stand elsewhere although the store has forgotten it.
  const elsewhere = hasCold(cold) || flags.jsonl !== undefined;
  const { deleted, traceIds } = await withStore(flags, async (store) => {
    if (session !== undefined) return { deleted: await store.traces.delete({ sessionId: session }), traceIds: [] };
    if (user !== undefined) return { deleted: await store.traces.delete({ userId: user }), traceIds: [] };
    const named = await traceIdsOf(store, ids, elsewhere);
    return { deleted: await store.traces.delete({ traceIds: named }), traceIds: named };
  });
  const id = session ?? user;
  const coldSpans = hasCold(cold) ? await deleteCold(cold, id, traceIds, flags) : 0;
  let fileSpans = 0;
  for (const folder of flags.jsonl ?? []) {
    const target = { traceIds: new Set(traceIds), ...(session === undefined ? {} : { sessionId: session }) };
    fileSpans += (await deleteFromSpanFiles(folder, user === undefined ? target : { ...target, userId: user })).spans;
  }
  if (deleted + coldSpans + fileSpans === 0 && traceIds.length > 0) throw notFound(ids);
  if (flags.json) printJson({ deleted, coldSpans, fileSpans });
  else {
    const places = [
      `${deleted} ${deleted === 1 ? 'trace' : 'traces'} deleted`,
      ...(coldSpans === 0 ? [] : [`and ${coldSpans} spans in cold storage`]),
      ...(fileSpans === 0 ? [] : [`and ${fileSpans} spans in files`]),
    ];
    print(places.join(', '));
  }
}

/** Cold storage knows people and sessions by pseudonym only. Returns the number of spans that were removed. */
async function deleteCold(
  folder: string,
  id: string | undefined,
  traceIds: readonly string[],
  flags: StoreOptions,
): Promise<number> {
  const target: ColdTarget = id === undefined ? { traceIds } : { pseudonym: pseudonymOf(id, pseudonymKey(flags)) };
  return (await deleteFromCold(folder, target, new Date())).spans;
}

/** All ids must be known before the first is deleted; a whole id may also name what is no longer in the store. */
async function traceIdsOf(store: Store, references: readonly string[], elsewhere: boolean): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const reference of references) {
    const isWhole = /^[0-9a-f]{32}$/i.test(reference);
    ids.push(elsewhere && isWhole ? reference.toLowerCase() : (await traceOf(store, reference)).traceId);
  }
  return ids;
}

function notFound(ids: readonly string[]): ApoError {
  return new ApoError('not-found', `no trace ${ids.join(', ')}`, { hint: 'apo trace list shows what there is' });
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
