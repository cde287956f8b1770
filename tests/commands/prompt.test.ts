import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createPrompt } from '../../src/core/prompt.ts';
import { loadBestPrompt } from '../../src/registry/client.ts';
import { writeBestPrompts } from '../../src/registry/record.ts';
import { apoFolder } from '../helpers/apo-folder.ts';
import { aRun, aVersion } from '../helpers/store-data.ts';
import { openStore } from '../helpers/store-files.ts';

const FIRST = createPrompt('Answer the question of {{name}}.');
const SECOND = createPrompt('Answer the question of {{name}} in one short word.');
const HOSTILE = createPrompt('plain \u001b]0;owned\u0007 text\r\u202eoverwritten');

describe('apo prompt', () => {
  const { folder, apo, json } = apoFolder();
  beforeAll(async () => {
    const store = openStore(join(folder, 'results/apo.db'));
    await store.runs.create(aRun('run-1'));
    await store.prompts.save(
      aVersion(HOSTILE, { runId: 'run-0', verdict: 'no_improvement', score: null, interval: null }),
    );
    await store.prompts.save(aVersion(FIRST, { score: 0.5 }));
    await store.prompts.save(aVersion(SECOND, { score: 0.8, runId: 'run-2', explanation: EXPLANATION }));
    await writeBestPrompts(store, join(folder, 'results'));
    await store.close();
  });

  it('lists versions newest first, as a table and as JSON', async () => {
    const { stdout } = await apo('prompt', 'list');
    expect(stdout.split('\n').map((line) => line.split(/\s+/).filter(Boolean)[0])).toEqual([
      'VERSION',
      'v3',
      'v2',
      'v1',
      undefined,
    ]);
    expect(await json('prompt', 'list')).toMatchObject([
      { promptId: SECOND.id, version: 3, score: 0.8, labels: [] },
      { promptId: FIRST.id, version: 2 },
      { promptId: HOSTILE.id, version: 1, score: null },
    ]);
  });

  it('shows one by id, beginning of an id, number, or best', async () => {
    for (const reference of [FIRST.id, FIRST.id.slice(0, 8), '2', 'v2']) {
      expect(await json('prompt', 'show', reference), reference).toMatchObject({
        promptId: FIRST.id,
        text: FIRST.components.system,
        variables: ['name'],
      });
    }
    expect(await json('prompt', 'show')).toMatchObject({ promptId: SECOND.id });
    const { stdout } = await apo('prompt', 'show', 'best');
    expect(stdout).toMatch(/0\.800 \(0\.600 to 0\.900, n = 20\)/);
  });

  it('prints the bare text of the best prompt', async () => {
    expect((await apo('prompt', 'best')).stdout).toBe(`${SECOND.components.system}\n`);
  });

  it('makes foreign text harmless for a terminal', async () => {
    for (const command of ['list', 'show v1', 'diff v1 v2']) {
      const { stdout } = await apo('prompt', ...command.split(' '));
      for (const hidden of ['\u001b', '\u0007', '\r', '\u202e']) expect(stdout).not.toContain(hidden);
      expect(stdout).toContain('\\u{1b}');
    }
  });

  it('shows a difference word by word', async () => {
    const { stdout } = await apo('prompt', 'diff', 'v2', 'v3');
    expect(stdout).toContain('Answer the question of {{name}}{+ in one short word+}.');
    const document = (await json('prompt', 'diff', '2', '3')) as { components: { system: { text: string }[] } };
    expect(document).toMatchObject({ from: { version: 2 }, to: { version: 3 } });
    expect(document.components.system.map(({ text }) => text).join('')).toBe(SECOND.components.system);
    expect((await apo('prompt', 'diff', 'v2', 'v2')).stdout).toContain('no difference');
  });

  it.each([
    ['out.txt', (text: string) => text.trimEnd()],
    ['out.json', (text: string) => JSON.parse(text).text],
    ['out.yaml', (text: string) => parse(text).text],
  ])('exports to %s', async (name, read) => {
    expect(await apo('prompt', 'export', 'v3', '--out', name)).toMatchObject({ code: 0 });
    expect(read(readFileSync(join(folder, name), 'utf8'))).toBe(SECOND.components.system);
  });

  it('exports in the format that is asked for', async () => {
    await apo('prompt', 'export', '--out', 'prompt', '--format', 'json');
    expect(JSON.parse(readFileSync(join(folder, 'prompt'), 'utf8'))).toMatchObject({ version: 3 });
    expect(await apo('prompt', 'export', '--out', 'prompt', '--format', 'xml')).toMatchObject({
      code: 2,
      stderr: 'error: unknown format "xml" - choose text, json, yaml\n',
    });
  });

  it('explains a prompt statement by statement', async () => {
    const { stdout } = await apo('prompt', 'explain');
    expect(stdout).toMatch(/\+0\.300 +\+0\.100 to \+0\.500 +\+0\.250 +in one short word +edit +too long +r-1 r-2/);
    expect(await json('prompt', 'explain', 'v3')).toEqual({
      promptId: SECOND.id,
      version: 3,
      runId: 'run-2',
      ...EXPLANATION,
    });
    expect(await apo('prompt', 'explain', 'v2')).toMatchObject({ code: 1, stdout: '' });
  });

  it.each([
    ['show', 'nothing-like-that'],
    ['show', 'v99'],
    ['diff', 'v1', 'v99'],
    ['label', 'v99', 'staging'],
    ['export', 'v99', '--out', 'none.txt'],
  ])('says that there is no such prompt: %s %s', async (...given) => {
    const ended = await apo('prompt', ...given);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^error: there is no prompt ".*" - apo prompt list shows all\n$/);
  });

  it('says that there is no store, and creates none', async () => {
    for (const command of [['list'], ['show'], ['best'], ['label', 'v1', 'staging']]) {
      const ended = await apo('prompt', ...command, '--store', 'none/apo.db');
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(/^error: there is no store at .*none\/apo\.db - run apo train first.*\n$/);
    }
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('ends with code 6 on a file that is not a store', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'n'.repeat(500));
    expect(await apo('prompt', 'list', '--store', 'notes.txt')).toMatchObject({ code: 6, stdout: '' });
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('n'.repeat(500));
  });

  it('moves a label, in the file that agents read too', async () => {
    expect(await json('prompt', 'label', 'v2', 'staging')).toMatchObject({
      label: 'staging',
      promptId: FIRST.id,
      previous: null,
    });
    expect(await json('prompt', 'show', 'staging')).toMatchObject({ promptId: FIRST.id });
    expect(loadBestPrompt({ results: join(folder, 'results'), label: 'staging' }).promptId).toBe(FIRST.id);
  });

  it.each(['V2', 'v2', 'p-abc', 'best', 'two words', '../x', ''])('refuses "%s" as a label', async (label) => {
    expect(await apo('prompt', 'label', 'v2', label)).toMatchObject({ code: 2, stdout: '' });
  });

  it('I09 moves "production" only after showing difference and evidence, and only when told to', async () => {
    const results = join(folder, 'results');
    expect(await apo('prompt', 'label', 'v2', 'production', '--yes')).toMatchObject({ code: 0 });
    const refused = await apo('prompt', 'label', 'v3', 'production');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toMatch(/--yes/);
    expect(refused.stdout).toContain('{+ in one short word+}');
    expect(refused.stdout).toMatch(/score +0\.800 \(0\.600 to 0\.900, n = 20\)\nverdict +improved/);
    expect(loadBestPrompt({ results }).promptId).toBe(FIRST.id);
    const moved = await apo('prompt', 'label', 'v3', 'production', '--yes', '--json');
    expect(JSON.parse(moved.stdout)).toMatchObject({ promptId: SECOND.id, previous: FIRST.id });
    expect(moved.stderr).toContain('{+ in one short word+}');
    expect(loadBestPrompt({ results }).promptId).toBe(SECOND.id);
    expect(await apo('prompt', 'label', 'v2', 'production', '--yes')).toMatchObject({ code: 0 });
    expect(loadBestPrompt({ results }).promptId).toBe(FIRST.id);
  });
});

const EXPLANATION = {
  statements: [
    {
      text: 'in one short word',
      effect: 0.3,
      interval: [0.1, 0.5],
      removalCost: 0.25,
      origin: { operator: 'edit', critique: 'too long', rollouts: ['r-1', 'r-2'] },
    },
  ],
};
