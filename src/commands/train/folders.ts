import { closeSync, openSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { ApoError, faultInWords } from '../../core/errors.ts';
import { makeFolder } from '../../platform/files.ts';
import { storePath } from './setup.ts';

/** Where the trajectories of a run go. */
export function traceFolder(config: Config): string {
  return config.traceFolder ?? resolve(config.results, 'trajectories');
}

/**
 * Makes the folders that a run writes into and proves by a file in each that they take one: permissions alone do not say it
 * (root, read-only disks).
 * @throws ApoError `file-write` before anything is paid for
 */
export function prepareFolders(config: Config): void {
  const folders: [path: string, flag: string][] = [
    [resolve(config.results), '--results'],
    [dirname(resolve(storePath(config))), '--store'],
    ...(config.trace ? [[traceFolder(config), '--trace-dir'] as [string, string]] : []),
  ];
  for (const [folder, flag] of folders) {
    const probe = join(folder, `.apo-${process.pid}.tmp`);
    try {
      makeFolder(folder);
      closeSync(openSync(probe, 'w', 0o600));
      rmSync(probe);
    } catch (error) {
      throw new ApoError('file-write', `cannot write into folder ${folder}: ${faultInWords(error)}`, {
        hint: `choose another with ${flag}`,
        cause: error,
      });
    }
  }
}
