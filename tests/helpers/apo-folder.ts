import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { type Ended, runApo } from './process.ts';

/** A folder for the tests of one `describe`, and the command line in it. */
export function apoFolder(): {
  readonly folder: string;
  apo(...given: string[]): Promise<Ended>;
  /** What the command prints with `--json`; it has to succeed and say nothing else. */
  json(...given: string[]): Promise<unknown>;
} {
  const folder = mkdtempSync(join(tmpdir(), 'apo-cli-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const apo = (...given: string[]): Promise<Ended> => runApo(given, { cwd: folder });
  return {
    folder,
    apo,
    async json(...given) {
      const ended = await apo(...given, '--json');
      expect(ended).toMatchObject({ code: 0, stderr: '' });
      return JSON.parse(ended.stdout);
    },
  };
}
