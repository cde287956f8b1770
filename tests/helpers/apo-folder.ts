import { expect } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { type Ended, runApo } from './process.ts';

/** A folder for the tests of one `describe`, and the command line in it. */
export function apoFolder(): {
  readonly folder: string;
  apo(...given: string[]): Promise<Ended>;
  /** What the command prints with `--json`; it has to succeed and say nothing else. */
  json(...given: string[]): Promise<unknown>;
} {
  const folder = temporaryFolder();
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
