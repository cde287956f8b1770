import type { Command } from 'commander';
import { addStoreOptions, type StoreOptions } from './ui/store-options.ts';

const REFERENCE = 'prompt id or its beginning, version number, label, or best';

export function register(program: Command): void {
  const prompt = program.command('prompt').description('Shows and labels trained prompts.');

  addStoreOptions(prompt.command('list').description('All prompt versions, newest first.')).action(
    async (options: StoreOptions) => (await import('./prompt/list.ts')).listPrompts(options),
  );
  addStoreOptions(
    prompt.command('show').description('One prompt with its evidence.').argument('[ref]', REFERENCE, 'best'),
  ).action(async (reference: string, options: StoreOptions) =>
    (await import('./prompt/show.ts')).showPrompt(reference, options),
  );
  addStoreOptions(prompt.command('best').description('The text that loadBestPrompt() returns.')).action(
    async (options: StoreOptions) => (await import('./prompt/show.ts')).showBest(options),
  );
  addStoreOptions(
    prompt
      .command('diff')
      .description('What changed from one prompt to another, word by word.')
      .argument('<from>', REFERENCE)
      .argument('<to>', REFERENCE),
  ).action(async (from: string, to: string, options: StoreOptions) =>
    (await import('./prompt/diff.ts')).diffPrompts(from, to, options),
  );
  addStoreOptions(
    prompt
      .command('export')
      .description('Writes one prompt to a file.')
      .argument('[ref]', REFERENCE, 'best')
      .requiredOption('--out <file>', 'file to write')
      .option('--format <format>', 'text, json or yaml (default: by the name of the file, else text)'),
  ).action(async (reference: string, options: StoreOptions & { out: string; format?: string }) =>
    (await import('./prompt/export.ts')).exportPrompt(reference, options),
  );
  addStoreOptions(
    prompt
      .command('label')
      .description('Points a label at a prompt; "production" is what agents load.')
      .argument('<ref>', REFERENCE)
      .argument('<name>', 'label, for example staging')
      .option('--yes', 'move "production" without asking'),
  ).action(async (reference: string, name: string, options: StoreOptions & { yes?: boolean }) =>
    (await import('./prompt/label.ts')).labelPrompt(reference, name, options),
  );
  addStoreOptions(
    prompt
      .command('explain')
      .description('Each statement of a prompt: where it came from, what it does, what removing it would cost.')
      .argument('[ref]', REFERENCE, 'best'),
  ).action(async (reference: string, options: StoreOptions) =>
    (await import('./prompt/explain.ts')).explainPrompt(reference, options),
  );
}
