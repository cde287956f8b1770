import { constants, copyFileSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { ApoError, faultInWords } from '../core/errors.ts';
import { makeFolder } from '../platform/files.ts';

const FILES = ['apo.yaml', 'tasks.jsonl'];

export function register(program: Command): void {
  program
    .command('init')
    .description('write a commented apo.yaml and an example dataset')
    .argument('[folder]', 'where to write them', '.')
    .action((folder: string) => init(resolve(folder)));
}

/** Never overwrites: either all files are new, or nothing is written. */
function init(folder: string): void {
  const existing = FILES.filter((name) => existsSync(join(folder, name)));
  if (existing.length > 0) {
    throw new ApoError(
      'usage',
      `${existing.join(' and ')} already ${existing.length === 1 ? 'exists' : 'exist'} in ${folder}`,
      {
        hint: 'move it away, or name another folder: apo init FOLDER',
      },
    );
  }
  const templates = fileURLToPath(new URL('../../config/init/', import.meta.url));
  try {
    makeFolder(folder);
    for (const name of FILES) copyFileSync(join(templates, name), join(folder, name), constants.COPYFILE_EXCL);
  } catch (error) {
    throw new ApoError('file-write', `cannot write into ${folder}: ${faultInWords(error)}`, {
      hint: 'check the permissions of the folder',
      cause: error,
    });
  }
  process.stdout.write(
    `${FILES.map((name) => `wrote ${join(folder, name)}`).join('\n')}\nnext: put OPENAI_API_KEY into the environment or .env, then run apo check and apo train\n`,
  );
}
