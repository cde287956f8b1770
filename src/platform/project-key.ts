import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApoError, faultInWords } from '../core/errors.ts';
import { makeFolder } from './files.ts';

const FILE = 'privacy.key';

/**
 * The key of this project's pseudonyms: 256 random bits in the results folder, made when first needed and readable by
 * its owner only. Deleting it makes every pseudonym that was ever given out anonymous.
 * @throws ApoError `file-write`
 */
export function projectKey(folder: string): string {
  const path = join(folder, FILE);
  try {
    makeFolder(folder, 0o700);
    try {
      // Fails when the file exists: of two processes that start at once, both end up with one key.
      writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new ApoError('file-write', `cannot keep the key for pseudonyms in ${path}: ${faultInWords(cause)}`, {
      hint: 'make the results folder writable, or choose another with --results',
      cause,
    });
  }
}
