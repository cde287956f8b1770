import { dirname, join } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { projectKey } from '../../platform/project-key.ts';
import { type StoreOptions, storePath } from '../ui/store-options.ts';

/** Where cold traces are unless a flag says otherwise: beside their store. */
export function coldFolder(options: StoreOptions): string {
  return join(dirname(storePath(options)), 'cold');
}

/** The key of pseudonyms lies beside the store too: whoever deletes must find what whoever archived has written. */
export function pseudonymKey(options: StoreOptions): string {
  return projectKey(dirname(storePath(options)));
}

/** @throws ApoError `usage` */
export function daysOf(flag: string, given: string): number {
  const days = Number(given);
  if (given.trim() !== '' && Number.isFinite(days) && days >= 0) return days;
  throw new ApoError('usage', `${flag} ${given} is not a number of days`, { hint: `for example ${flag} 30` });
}
