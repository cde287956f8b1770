import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apoFolder } from './helpers/apo-folder.ts';
import { repositoryPath, runProcess } from './helpers/process.ts';

const TRAIN = `train --config ${repositoryPath('config/quickstart.yaml')} --max-rollouts 12`;

/** Shells connect what a user connects: a full disk, a reader that leaves. */
describe.skipIf(!existsSync('/dev/full'))('where the command line writes', () => {
  const { folder, apo } = apoFolder();
  const shell = (text: string) => runProcess('/bin/sh', ['-c', text], { cwd: folder });
  const cli = `"${process.execPath}" "${repositoryPath('dist/cli.js')}"`;

  it.each([`${TRAIN} --json --quiet`, 'runs list', 'runs list --json', '--help'])(
    'a full disk behind stdout is one line and exit code 6: %s',
    async (command) => {
      const ended = await shell(`${cli} ${command} > /dev/full`);
      expect(ended.stderr).toMatch(/^error: cannot write to stdout: no space is left on the disk \(ENOSPC\) - .*\n$/);
      expect(ended.code).toBe(6);
    },
  );

  it.each(['| head -n 1 >/dev/null', '> /dev/null 2> /dev/full'])(
    'a run goes on when nobody reads on: 2>&1 %s',
    async (to) => {
      await shell(`${cli} ${TRAIN} --results elsewhere 2>&1 ${to}`);
      const { stdout } = await apo('runs', 'list', '--json', '--store', join('elsewhere', 'apo.db'));
      const runs: { status: string }[] = JSON.parse(stdout);
      expect(runs.map(({ status }) => status)).not.toContain('running');
      expect(runs.length).toBeGreaterThan(0);
    },
  );

  it.each(['head -n 1', 'true'])('a reader that has seen enough is no error: | %s', async (reader) => {
    const ended = await shell(`(${cli} --help; echo "code $?" >&2) | ${reader}`);
    expect(ended).toMatchObject({ code: 0, stderr: 'code 0\n' });
  });
});

describe('what code of the user prints', () => {
  const { folder, apo } = apoFolder();

  it.each(['train', 'check'])('goes to stderr where stdout is for one JSON document: %s', async (command) => {
    writeFileSync(
      join(folder, 'grader.mjs'),
      `console.log('loaded');
       export default ({ answer }, task) => {
         console.log('grading');
         process.stdout.write('raw');
         return answer === task.expected ? 1 : 0;
       };`,
    );
    const flags = ['--max-rollouts', '12', '--grader', './grader.mjs', '--json'];
    const { code, stdout, stderr } = await apo(command, '--config', repositoryPath('config/quickstart.yaml'), ...flags);
    expect(code, stderr).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toBeTypeOf('object');
    for (const word of ['loaded', 'grading', 'raw']) expect(stderr).toContain(word);
  });
});
