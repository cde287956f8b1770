import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { isApoError } from '../../src/core/errors.ts';
import type { BestPrompt } from '../../src/registry/best-prompts.ts';
import { type LoadBestPromptOptions, loadBestPrompt } from '../../src/registry/client.ts';
import { temporaryFolder } from '../helpers/folder.ts';

function entry(version: number, changes: Partial<BestPrompt> = {}): BestPrompt {
  const text = changes.text ?? `Prompt ${version}`;
  return {
    promptId: `p-${version}`,
    version,
    text,
    components: { system: text },
    score: 0.5,
    interval: [0.4, 0.6],
    n: 20,
    verdict: 'improved',
    runId: `run-${version}`,
    algorithm: 'beam',
    simulated: false,
    createdAt: '2026-11-21T09:00:00.000Z',
    labels: [],
    ...changes,
  };
}

describe('loadBestPrompt', () => {
  let results: string;
  beforeEach(() => {
    results = temporaryFolder();
  });

  function write(content: readonly BestPrompt[] | string): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(join(results, 'best_prompts.json'), text);
  }

  it('returns text, version, score, variables and a render function', () => {
    write([entry(1, { text: 'Greet {{name}} in {{language}}. {{name}}!', score: 0.9 })]);
    const prompt = loadBestPrompt({ results });
    expect(prompt).toMatchObject({
      promptId: 'p-1',
      version: 1,
      text: 'Greet {{name}} in {{language}}. {{name}}!',
      score: 0.9,
      variables: ['name', 'language'],
    });
    expect(prompt.render({ name: '{{language}}', language: 'Dutch' })).toBe(
      'Greet {{language}} in Dutch. {{language}}!',
    );
  });

  it('refuses to render with a value too few or too many', () => {
    write([entry(1, { text: 'Greet {{name}}.' })]);
    const { render } = loadBestPrompt({ results });
    expect(() => render()).toThrow(expect.objectContaining({ code: 'prompt-invalid' }));
    expect(() => render({ name: 'Ada', nmae: 'Ada' })).toThrow(expect.objectContaining({ code: 'prompt-invalid' }));
  });

  it('renders each of several components, the system one by default', () => {
    const components = { system: 'You are {{role}}.', 'tool:search': 'Finds {{thing}}.' };
    write([entry(1, { components, text: 'both' })]);
    const prompt = loadBestPrompt({ results });
    const values = { role: 'a guide', thing: 'hotels' };
    expect(prompt.render(values)).toBe('You are a guide.');
    expect(prompt.render(values, 'tool:search')).toBe('Finds hotels.');
    expect(() => prompt.render(values, 'toString')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('puts a component where its name stands, as in training, and has a prompt for every category', () => {
    const components = { system: 'General. {{style}}', style: 'Be {{tone}}.', 'system@refund': 'Refunds. {{style}}' };
    write([entry(1, { components })]);
    const prompt = loadBestPrompt({ results });
    expect(prompt.variables).toEqual(['tone']);
    expect(prompt.render({ tone: 'kind' })).toBe('General. Be kind.');
    expect(prompt.render({ tone: 'kind' }, 'system@refund')).toBe('Refunds. Be kind.');
    expect(prompt.render({ tone: 'kind' }, 'system@shipping')).toBe('General. Be kind.');
    expect(() => prompt.render({ tone: 'kind' }, 'refund')).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it('prefers production, then the newest that improved, then the newest', () => {
    const history = [entry(1), entry(2), entry(3, { verdict: 'no_improvement' })];
    write(history);
    expect(loadBestPrompt({ results }).version).toBe(2);
    write([entry(1, { labels: ['production'] }), ...history.slice(1)]);
    expect(loadBestPrompt({ results }).version).toBe(1);
    write(history.map((one) => ({ ...one, verdict: 'not_enough_data' })));
    expect(loadBestPrompt({ results }).version).toBe(3);
  });

  it('loads by label and by version, or says that there is none', () => {
    write([entry(1, { labels: ['staging'] }), entry(2)]);
    expect(loadBestPrompt({ results, label: 'staging' }).version).toBe(1);
    expect(loadBestPrompt({ path: join(results, 'best_prompts.json'), version: 1 }).version).toBe(1);
    expect(() => loadBestPrompt({ results, label: 'beta' })).toThrow(
      expect.objectContaining({ code: 'not-found', message: expect.stringContaining('label "beta"') }),
    );
    expect(() => loadBestPrompt({ results, version: 9 })).toThrow(expect.objectContaining({ code: 'not-found' }));
  });

  it.each(['none', 'empty'])('says what to do when nothing was trained yet (%s)', (kind) => {
    if (kind === 'empty') write([]);
    expect(() => loadBestPrompt({ results })).toThrow(
      expect.objectContaining({
        code: 'not-found',
        message: expect.stringMatching(/^no trained prompt in .*best_prompts\.json$/),
        hint: expect.stringMatching(/^run apo train first, or name its folder/),
      }),
    );
  });

  it('names the missing file absolutely: an agent may have been started in another folder', () => {
    expect(() => loadBestPrompt({ results: 'nowhere' })).toThrow(`in ${resolve('nowhere/best_prompts.json')}`);
  });

  it('finds folder and file by URLs, as beside a module', () => {
    write([entry(1)]);
    expect(loadBestPrompt({ results: pathToFileURL(results) }).version).toBe(1);
    expect(loadBestPrompt({ path: pathToFileURL(join(results, 'best_prompts.json')) }).version).toBe(1);
  });

  it.each([
    ['a path alone', 'results', 'loadBestPrompt takes options, not "results"'],
    ['a misspelled one', { lable: 'production' }, 'loadBestPrompt takes no option "lable"'],
  ])('refuses options that would be ignored: %s', (_kind, options, message) => {
    const given = options as LoadBestPromptOptions;
    expect(() => loadBestPrompt(given)).toThrow(expect.objectContaining({ code: 'usage', message }));
  });

  it('reads a file that an editor saved with a byte order mark', () => {
    write(`\ufeff${JSON.stringify([entry(1)])}`);
    expect(loadBestPrompt({ results }).version).toBe(1);
  });

  it.each([
    ['cut off', '[{"promptId": "p-1"'],
    ['of another shape', '{"best": "prompt"}'],
    ['with a wrong entry', JSON.stringify([{ ...entry(1), text: 7 }])],
    ['with a missing key', JSON.stringify([{ promptId: 'p-1' }])],
    ['of several lines', '<<<<<<< HEAD\n[]\n'],
    ['with a prototype key', '[{"__proto__": {"text": "x"}}]'],
  ])('names a damaged file: %s', (_kind, text) => {
    write(text);
    expect(() => loadBestPrompt({ results })).toThrow(
      expect.objectContaining({ code: 'store-corrupt', message: expect.stringMatching(/best_prompts\.json .*$/) }),
    );
  });

  it('never fails with anything but its own error, whatever the file holds', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.object()).map((value) => JSON.stringify(value)),
        ),
        (text) => {
          write(text);
          try {
            loadBestPrompt({ results });
          } catch (error) {
            if (!isApoError(error)) throw error;
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
