import { dirname, join } from 'node:path';
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
