import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { runApo } from '../helpers/process.ts';
import { KEY, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

const CALL_SECONDS = 2;

describe('a provider that goes silent', () => {
  it.each<[string, Fault]>([
    ['never answers', 'hang'],
    ['stops in the middle of an answer', 'stall'],
    ['closes every connection', 'reset'],
  ])('R20 %s: the run ends at its deadline, by an error of ours and no unhandled one', async (_what, fault) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(16));
    writeFileSync(join(folder, 'apo.yaml'), `timeouts: { callSeconds: ${CALL_SECONDS} }\n`);
    await using world = await startWorld({ faults: ({ number }) => (number > 6 ? fault : undefined) });
    const startedAt = performance.now();
    const ended = await runApo(trainArguments(['--json', '--algorithm', 'beam', '--concurrency', '64']), {
      cwd: folder,
      env: { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY },
    });
    expect(ended.code, ended.stderr).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'stopped', reason: 'step-failed' });
    expect(ended.stderr).toMatch(/^error: .*apo train --resume run-\S+$/m);
    expect(ended.stderr).not.toMatch(/unhandled|\n\s+at /i);
    // All calls are in flight together, so there is one deadline; the rest is a process that starts on a busy machine.
    expect((performance.now() - startedAt) / 1000).toBeLessThan(CALL_SECONDS + 20);
  });
});
