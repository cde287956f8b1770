import { extname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { ApoError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../platform/files.ts';
import type { BestPrompt } from '../../registry/best-prompts.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { findPrompt } from './find.ts';

const FORMATS = {
  text: (prompt: BestPrompt) => `${prompt.text}\n`,
  json: (prompt: BestPrompt) => `${JSON.stringify(prompt, null, 2)}\n`,
  yaml: (prompt: BestPrompt) => stringify(prompt, { lineWidth: 0 }),
} as const;
type Format = keyof typeof FORMATS;

const BY_EXTENSION: { readonly [extension: string]: Format } = { '.json': 'json', '.yaml': 'yaml', '.yml': 'yaml' };

export async function exportPrompt(
  reference: string,
  options: StoreOptions & { readonly out: string; readonly format?: string },
): Promise<void> {
  const format = options.format ?? BY_EXTENSION[extname(options.out).toLowerCase()] ?? 'text';
  if (!isFormat(format)) {
    throw new ApoError('usage', `unknown format "${format}"`, { hint: `choose ${Object.keys(FORMATS).join(', ')}` });
  }
  const prompt = await withStore(options, (store) => findPrompt(store, reference));
  const file = resolve(options.out);
  writeFileAtomic(file, FORMATS[format](prompt));
  if (options.json === true) return printJson({ promptId: prompt.promptId, version: prompt.version, format, file });
  print(`wrote ${prompt.promptId} (v${prompt.version}) to ${options.out}`);
}

function isFormat(name: string): name is Format {
  return Object.hasOwn(FORMATS, name);
}
