import { ApoError } from '../../core/errors.ts';
import { pseudonymOf } from '../../core/privacy/pseudonym.ts';
import type { RolloutOwner, Store } from '../../stores/store.ts';
import { deleteFromCold, hasCold } from '../../traces/cold/cold.ts';
import { deleteFromSpanFiles } from '../../traces/sinks/jsonl-delete.ts';
import { deleteTrajectories } from '../../traces/sinks/trajectory-delete.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { deleteFromRuns, type ForgottenRollouts } from './delete-runs.ts';
import { traceOf } from './filter.ts';
import { allTraces } from './pages.ts';
import { coldFolder, pseudonymKey } from './retention.ts';

export type DeleteFlags = StoreOptions & {
  readonly session?: string;
  readonly user?: string;
  readonly yes?: boolean;
  readonly cold?: string;
  readonly jsonl?: readonly string[];
};

/** Hot store, training runs, cold storage and the files of sinks. */
export async function deleteTraces(ids: readonly string[], flags: DeleteFlags): Promise<void> {
  const { session, user } = flags;
  if ([ids.length > 0, session !== undefined, user !== undefined].filter(Boolean).length !== 1) {
    throw new ApoError('usage', 'say what to delete', { hint: 'give trace ids, or --session ID, or --user ID' });
  }
  if (!flags.yes) await confirm(session ?? user ?? ids.join(', '));
  const cold = flags.cold ?? coldFolder(flags);
  // Ids by which a trace may stand elsewhere although the store has forgotten it.
  const elsewhere = hasCold(cold) || flags.jsonl !== undefined;
  const { deleted, traceIds, forgotten, sessions } = await withStore(flags, async (store) => {
    const owner = session !== undefined ? { sessionId: session } : user !== undefined ? { userId: user } : undefined;
    if (owner === undefined) {
      const named = await traceIdsOf(store, ids, elsewhere);
      const gone = await store.traces.delete({ traceIds: named });
      return { deleted: gone, traceIds: named, forgotten: NOTHING, sessions: [] };
    }
    // Runs first: one that is being trained right now refuses before anything is gone.
    const forgotten = await deleteFromRuns(store, owner, flags);
    const found = flags.jsonl === undefined ? [] : await idsOfOwner(store, owner);
    const alone = user === undefined ? NO_SESSIONS : await sessionsOfUser(store, user);
    const gone =
      (await store.traces.delete({ traceIds: [...forgotten.traceIds, ...alone.nameless] })) +
      (await store.traces.delete(owner));
    return { deleted: gone, traceIds: [...found, ...alone.nameless], forgotten, sessions: alone.sessions };
  });
  const id = session ?? user;
  const coldSpans = hasCold(cold) ? await deleteCold(cold, { id, sessions, traceIds }, flags) : 0;
  let fileSpans = 0;
  let trajectories = 0;
  for (const folder of flags.jsonl ?? []) {
    const target = { traceIds: new Set(traceIds), ...(session === undefined ? {} : { sessionId: session }) };
    const gone = await deleteFromSpanFiles(folder, user === undefined ? target : { ...target, userId: user });
    fileSpans += gone.spans;
    const named = { ...target, traceIds: new Set([...traceIds, ...gone.traceIds]) };
    trajectories += await deleteTrajectories(folder, named);
  }
  if (deleted + coldSpans + fileSpans + trajectories === 0 && ids.length > 0) throw notFound(ids);
  const { rollouts, runs, unfinished } = forgotten;
  if (flags.json) {
    printJson({ deleted, coldSpans, fileSpans, trajectories, rollouts, runs, unfinishedRuns: unfinished });
    return;
  }
  const places = [
    `${deleted} ${deleted === 1 ? 'trace' : 'traces'} deleted`,
    ...(coldSpans === 0 ? [] : [`and ${coldSpans} spans in cold storage`]),
    ...(fileSpans === 0 ? [] : [`and ${fileSpans} spans in files`]),
    ...(trajectories === 0 ? [] : [`and ${trajectories} trajectory files`]),
    ...(runs.length === 0 ? [] : [`and ${rollouts} rollouts of ${runs.length} training runs, with their journals`]),
  ];
  print(places.join(', '));
  for (const id of unfinished) {
    print(`run ${id} was not finished: going on with it pays for its calls again, and needs a dataset without them`);
  }
}

const NOTHING: ForgottenRollouts = { rollouts: 0, traceIds: [], runs: [], unfinished: [] };

const NO_SESSIONS = { sessions: [], nameless: [] };

/**
 * Sessions in which nobody but the user is named, and their traces that name no user: an agent often names its user at the
 * start of a session only, and who asks for deletion means all of it.
 */
async function sessionsOfUser(
  store: Store,
  user: string,
): Promise<{ readonly sessions: readonly string[]; readonly nameless: readonly string[] }> {
  const named = new Set<string>();
  for await (const { sessionId } of allTraces(store, { userId: user })) if (sessionId !== null) named.add(sessionId);
  const sessions: string[] = [];
  const nameless: string[] = [];
  for (const sessionId of named) {
    const ids: string[] = [];
    let isShared = false;
    for await (const { traceId, userId } of allTraces(store, { sessionId })) {
      if (userId === null) ids.push(traceId);
      else isShared ||= userId !== user;
    }
    if (isShared) continue;
    sessions.push(sessionId);
    nameless.push(...ids);
  }
  return { sessions, nameless };
}

async function idsOfOwner(store: Store, owner: RolloutOwner): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { traceId } of allTraces(store, owner)) ids.push(traceId);
  return ids;
}

type ColdRequest = {
  /** Of the user or session. */
  readonly id: string | undefined;
  /** The user's alone. */
  readonly sessions: readonly string[];
  readonly traceIds: readonly string[];
};

/** Cold storage knows people and sessions by pseudonym only. Returns the number of spans that were removed. */
async function deleteCold(
  folder: string,
  { id, sessions, traceIds }: ColdRequest,
  flags: StoreOptions,
): Promise<number> {
  if (id === undefined) return (await deleteFromCold(folder, { traceIds }, new Date())).spans;
  const key = pseudonymKey(flags);
  const target = { pseudonym: pseudonymOf(id, key), sessions: sessions.map((session) => pseudonymOf(session, key)) };
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
