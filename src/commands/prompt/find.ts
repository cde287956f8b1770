import { ApoError } from '../../core/errors.ts';
import type { BestPrompt } from '../../registry/best-prompts.ts';
import { chooseBest } from '../../registry/choose.ts';
import { storedPrompts } from '../../registry/record.ts';
import type { Store } from '../../stores/store.ts';

/**
 * Resolves what the user wrote: `best` means what loadBestPrompt() loads, everything else is the store's own rule.
 * @throws ApoError `not-found`
 */
export async function findPrompt(store: Store, reference: string): Promise<BestPrompt> {
  const history = await storedPrompts(store);
  if (history.length === 0) {
    throw new ApoError('not-found', 'the store has no trained prompt yet', { hint: 'run apo train first' });
  }
  if (reference === 'best') {
    const best = chooseBest(history);
    if (best !== undefined) return best;
  }
  const stored = await store.prompts.find(reference);
  const found = history.findLast((entry) => entry.promptId === stored?.prompt.id && entry.runId === stored?.runId);
  if (found === undefined) {
    throw new ApoError('not-found', `there is no prompt "${reference}"`, { hint: 'apo prompt list shows all' });
  }
  return found;
}
