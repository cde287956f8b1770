import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../src/platform/files.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { type Ended, repositoryPath, runNode, runProcess } from '../helpers/process.ts';

const FAULT_POINTS = repositoryPath('tests/helpers/fault-points.js');
const CHILD = repositoryPath('tests/helpers/write-child.js');
const OLD = 'old\n';
/** More than one piece. */
const SIZE = 50_000;

describe('writeFileAtomic', () => {
  const folder = temporaryFolder();

  function codeOf(ended: Ended): string | undefined {
    return JSON.parse(ended.stdout).code;
  }

  it('replaces the whole file, readable by its owner only, and leaves nothing else', () => {
    const path = join(folder, 'plain', 'file.json');
    writeFileAtomic(path, OLD);
    writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'plain'))).toEqual(['file.json']);
  });

  it('keeps every character, wherever a piece ends', () => {
    const path = join(folder, 'pieces');
    for (const start of ['', 'x']) {
      writeFileAtomic(path, start + '\u{1f600}'.repeat(100_000));
      expect(readFileSync(path, 'utf8') === start + '\u{1f600}'.repeat(100_000)).toBe(true);
    }
  });

  it('R17 needs no buffer of the size of the text', async () => {
    const size = 64 * 1024 * 1024;
    const { stdout } = await runNode([CHILD, join(folder, 'large'), String(size)]);
    expect(JSON.parse(stdout).added).toBeGreaterThan(size);
    expect(JSON.parse(stdout).added).toBeLessThan(1.5 * size);
  });

  it.each([
    ['ENOSPC', 'transient'],
    ['EIO', 'persistent'],
    ['kill', 'transient'],
  ])('R09 %s (%s) at each system call: the old text or the new one, never a part', async (fault, mode) => {
    for (let n = 1; ; n++) {
      const path = join(folder, `${fault}-${n}`);
      writeFileSync(path, OLD);
      const env = { FAULT: fault, FAULT_AT: String(n), FAULT_MODE: mode };
      const ended = await runNode(['--import', FAULT_POINTS, CHILD, path, String(SIZE)], { env });
      expect([OLD, 'x'.repeat(SIZE)]).toContain(readFileSync(path, 'utf8'));
      if (ended.signal === 'SIGKILL') continue;
      expect([undefined, 'file-write']).toContain(codeOf(ended));
      if (codeOf(ended) !== undefined) continue;
      expect(readFileSync(path, 'utf8')).toBe('x'.repeat(SIZE));
      expect(n).toBeGreaterThan(4);
      return;
    }
  });

  it('R08 a write that stops short at a size limit is an error, and the old text stays', async () => {
    const path = join(folder, 'short');
    writeFileSync(path, OLD);
    const script = 'ulimit -f 16; exec "$0" "$@"';
    const ended = await runProcess('sh', ['-c', script, process.execPath, CHILD, path, String(SIZE)]);
    expect(codeOf(ended)).toBe('file-write');
    expect(readFileSync(path, 'utf8')).toBe(OLD);
  });
});
