import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBestPrompts } from '../../src/registry/best-prompts.ts';
import { loadBestPrompt } from '../../src/registry/client.ts';
import { writeBestPrompts } from '../../src/registry/record.ts';
import type { Store } from '../../src/stores/store.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { aRun, aVersion } from '../helpers/store-data.ts';
import { openStore } from '../helpers/store-files.ts';

describe('writeBestPrompts', () => {
  let results: string;
  let store: Store;
  beforeEach(async () => {
    results = temporaryFolder();
    store = openStore(':memory:');
    await store.runs.create(aRun('run-1', { algorithm: 'apo' }));
  });
  afterEach(() => store.close());

  it('writes what the client loads, newest last, with run, date, score and labels', async () => {
    const first = await store.prompts.save(aVersion('Say {{word}}.'));
    await store.prompts.save(aVersion('second', { verdict: 'no_improvement', createdAt: '2026-11-22T00:00:00.000Z' }));
    await store.prompts.setLabel('staging', first.prompt.id);
    const path = await writeBestPrompts(store, results);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([
      {
        promptId: first.prompt.id,
        version: 1,
        text: 'Say {{word}}.',
        components: { system: 'Say {{word}}.' },
        score: 0.75,
        interval: [0.6, 0.9],
        n: 20,
        verdict: 'improved',
        runId: 'run-1',
        algorithm: 'apo',
        simulated: false,
        createdAt: '2026-11-21T09:00:00.000Z',
        labels: ['staging'],
      },
      expect.objectContaining({ version: 2, labels: [] }),
    ]);
    expect(loadBestPrompt({ results }).render({ word: 'yes' })).toBe('Say yes.');
  });

  it('marks what was trained on the simulated model', async () => {
    await store.runs.update('run-1', { result: { simulated: true } });
    await store.prompts.save(aVersion('one'));
    await writeBestPrompts(store, results);
    expect(loadBestPrompt({ results }).simulated).toBe(true);
  });

  it('gives the same bytes however often a run ends', async () => {
    await store.prompts.save(aVersion('one'));
    const path = await writeBestPrompts(store, results);
    const before = readFileSync(path, 'utf8');
    await store.prompts.save(aVersion('one'));
    await writeBestPrompts(store, results);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('keeps the entries of another store, but gives each label to one prompt', async () => {
    const other = openStore(':memory:');
    const foreign = await other.prompts.save(aVersion('foreign', { runId: 'run-9' }));
    await other.prompts.setLabel('production', foreign.prompt.id);
    await writeBestPrompts(other, results);
    await other.close();
    const own = await store.prompts.save(aVersion('own', { createdAt: '2026-11-22T00:00:00.000Z' }));
    await store.prompts.setLabel('production', own.prompt.id);
    const path = await writeBestPrompts(store, results);
    expect(readBestPrompts(path)?.map(({ text, labels }) => [text, labels])).toEqual([
      ['foreign', []],
      ['own', ['production']],
    ]);
  });

  it('reads back every character of a file that is larger than what is read at once', async () => {
    for (const text of ['x', 'xy', 'xyz', 'wxyz'])
      await store.prompts.save(aVersion(text + '\u{1f600}'.repeat(50_000)));
    await writeBestPrompts(store, results);
    const texts = readBestPrompts(join(results, 'best_prompts.json'))?.map(({ text }) => text.length);
    expect(texts).toEqual([100_001, 100_002, 100_003, 100_004]);
    expect(loadBestPrompt({ results, version: 4 }).text === `wxyz${'\u{1f600}'.repeat(50_000)}`).toBe(true);
  });

  it('sets a damaged file aside and writes it anew from the store', async () => {
    writeFileSync(join(results, 'best_prompts.json'), '[{"torn');
    await store.prompts.save(aVersion('one'));
    await writeBestPrompts(store, results);
    expect(loadBestPrompt({ results }).text).toBe('one');
    expect(readFileSync(join(results, 'best_prompts.json.damaged'), 'utf8')).toBe('[{"torn');
  });

  it('misses no run that ends while the file is being written', async () => {
    await store.prompts.save(aVersion('one'));
    let isFirst = true;
    const racing = {
      runs: store.runs,
      prompts: {
        ...store.prompts,
        async list() {
          const versions = await store.prompts.list();
          if (isFirst) await store.prompts.save(aVersion('meanwhile', { runId: 'run-2' }));
          isFirst = false;
          return versions;
        },
      },
    };
    const path = await writeBestPrompts(racing, results);
    expect(readBestPrompts(path)?.map(({ text }) => text)).toEqual(['one', 'meanwhile']);
  });

  it('leaves no file when the folder cannot be made', async () => {
    writeFileSync(join(results, 'file'), '');
    await expect(writeBestPrompts(store, join(results, 'file', 'sub'))).rejects.toMatchObject({ code: 'file-write' });
    expect(existsSync(join(results, 'best_prompts.json'))).toBe(false);
  });
});
