import pc from 'picocolors';
import type { BestPrompt } from '../../registry/best-prompts.ts';
import { diffComponents, renderComponentDiff } from '../ui/diff.ts';
import { formatEvidence } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { findPrompt } from './find.ts';

export async function diffPrompts(from: string, to: string, options: StoreOptions): Promise<void> {
  const [before, after] = await withStore(options, async (store) => [
    await findPrompt(store, from),
    await findPrompt(store, to),
  ]);
  const components = diffComponents(before.components, after.components);
  if (options.json === true) return printJson({ from: identityOf(before), to: identityOf(after), components });
  print(`${pc.red(`- ${titleOf(before)}`)}\n${pc.green(`+ ${titleOf(after)}`)}\n\n${renderComponentDiff(components)}`);
}

function titleOf(prompt: BestPrompt): string {
  return `${prompt.promptId} (v${prompt.version}), score ${formatEvidence(prompt)}`;
}

function identityOf({ promptId, version, score }: BestPrompt): object {
  return { promptId, version, score };
}
