import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadEnvironment } from '../../config/environment.ts';
import { BEST_PROMPTS_FILE } from '../../registry/best-prompts.ts';
import type { Store } from '../../stores/store.ts';

/** Flags that every command on stored data takes. */
export type StoreOptions = { readonly store?: string; readonly results?: string; readonly json?: boolean };

export function addStoreOptions(command: Command): Command {
  return command
    .option('--store <file>', 'store to read (default: apo.db in the results folder)')
    .option('--results <folder>', 'results folder (default: APO_RESULTS, else ./results)')
    .option('--json', 'one JSON document on stdout');
}

/** The store that lies in a results folder. */
export function storeIn(results: string): string {
  return join(results, 'apo.db');
}

export function storePath(options: StoreOptions): string {
  return resolve(options.store ?? storeIn(resultsFolder(options)));
}

/** A store named without its results folder brings the folder that it lies in, when there are results. */
export function resultsFolder({ store, results }: StoreOptions): string {
  if (results !== undefined) return resolve(results);
  if (store !== undefined && existsSync(join(dirname(store), BEST_PROMPTS_FILE))) return resolve(dirname(store));
  return resolve(loadEnvironment().get('APO_RESULTS') ?? 'results');
}

/**
 * Opens the store for the time of the work.
 * @throws ApoError `not-found` when there is no store and none is to be created
 */
export async function withStore<T>(
  options: StoreOptions,
  work: (store: Store) => Promise<T>,
  { create = false }: { readonly create?: boolean } = {},
): Promise<T> {
  const { loadPlugin } = await import('../../plugins.ts');
  const store = await loadPlugin(
    'store',
    { use: 'sqlite', path: storePath(options), create },
    { folder: process.cwd(), environment: loadEnvironment() },
  );
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
