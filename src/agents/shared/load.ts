import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApoError, messageOf } from '../../core/errors.ts';
import { hashOf } from '../../core/json.ts';

export type LoadedModule = {
  readonly exports: { readonly [name: string]: unknown };
  readonly path: string;
  /** Of this file alone, not of what it imports: part of the agent's identity. */
  readonly sourceHash: string;
};

/**
 * Imports a user's ES module, relative to the config file's folder.
 * @throws ApoError `plugin-invalid`
 */
export async function loadModule(what: string, path: string, folder: string): Promise<LoadedModule> {
  const file = resolve(folder, path);
  try {
    const sourceHash = hashOf(readFileSync(file, 'utf8'));
    return { exports: await import(pathToFileURL(file).href), path: file, sourceHash };
  } catch (error) {
    throw new ApoError('plugin-invalid', `cannot load ${what} module ${file}: ${messageOf(error)}`, {
      hint: 'the path is relative to the config file; the file must be an ES module',
      cause: error,
    });
  }
}
