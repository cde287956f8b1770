import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder. It stays until the run of the tests ends: `temporary-files.ts` removes it with all others. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'test-'));
}

/** Where a store may be made, in a new folder. */
export function temporaryStore(): string {
  return join(temporaryFolder(), 'apo.db');
}
