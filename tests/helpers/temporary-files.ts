import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One folder for the temporary files of all tests, and of the processes that they start; it ends with their run. */
export default function setup(): void {
  const folder = mkdtempSync(join(tmpdir(), 'apo-tests-'));
  // Some tests run as another user.
  chmodSync(folder, 0o755);
  process.env.TMPDIR = folder;
  // Not in vitest's teardown, which an interrupted run does not come to.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}
