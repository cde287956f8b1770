import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runNode } from '../helpers/process.ts';

const ENTRY = pathToFileURL(repositoryPath('dist/index.js')).href;
const HOOK = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  process._rawDebug('LOADED ' + found.url);
  return found;
}`;

describe('package entry', () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryFolder();
    writeFileSync(join(folder, 'hook.mjs'), HOOK);
    const hook = JSON.stringify(pathToFileURL(join(folder, 'hook.mjs')).href);
    writeFileSync(join(folder, 'register.mjs'), `import { register } from 'node:module'; register(${hook});`);
    writeFileSync(
      join(folder, 'agent.mjs'),
      `import { loadBestPrompt } from ${JSON.stringify(ENTRY)};
       try { await loadBestPrompt(); } catch (error) { console.log(error.code, error.message, '-', error.hint); }`,
    );
  });

  it('loads nothing but its own light files and node modules', async () => {
    const register = pathToFileURL(join(folder, 'register.mjs')).href;
    const ended = await runNode(['--import', register, join(folder, 'agent.mjs')], { cwd: folder });
    const loaded = [...ended.stderr.matchAll(/^LOADED (\S+)$/gm)].map((match) => match[1] as string);
    expect(loaded).toContain(ENTRY);
    const heavy = loaded.filter((url) => /node_modules|\/(stores|engine|commands|models|plugins)[/.]/.test(url));
    expect(heavy).toEqual([]);
  });

  it('says what to do when nothing was trained, and finds the results folder by APO_RESULTS', async () => {
    const ended = await runNode([join(folder, 'agent.mjs')], { cwd: folder });
    expect(ended.stdout).toMatch(
      /^not-found no trained prompt in \/.*\/results\/best_prompts\.json - run apo train first,.*\n$/,
    );
    const other = await runNode([join(folder, 'agent.mjs')], { cwd: folder, env: { APO_RESULTS: 'elsewhere' } });
    expect(other.stdout).toMatch(/elsewhere\/best_prompts\.json/);
  });
});
