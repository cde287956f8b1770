import { ApoError } from '../../core/errors.ts';
import type { Run, Store } from '../../stores/store.ts';

/**
 * Resolves a run by id, unique beginning of an id, or `latest`.
 * @throws ApoError `not-found`
 */
export async function findRun(store: Store, reference: string): Promise<Run> {
  const exact = await store.runs.get(reference);
  if (exact !== undefined) return exact;
  if (reference === 'latest') {
    const [latest] = await store.runs.list({ limit: 1 });
    if (latest !== undefined) return latest;
    throw new ApoError('not-found', 'the store has no run yet', { hint: 'run apo train first' });
  }
  const matches = (await store.runs.list()).filter(({ id }) => id.startsWith(reference));
  if (matches.length === 1 && matches[0] !== undefined) return matches[0];
  throw new ApoError(
    'not-found',
    matches.length === 0 ? `there is no run "${reference}"` : `"${reference}" fits ${matches.length} runs`,
    { hint: 'apo runs list shows all' },
  );
}
