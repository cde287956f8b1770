import { ApoError } from '../../core/errors.ts';
import { terminalSafe } from '../../platform/text.ts';
import type { BestPrompt } from '../../registry/best-prompts.ts';
import { PRODUCTION } from '../../registry/choose.ts';
import { assertLabel } from '../../registry/label.ts';
import { storedPrompts, writeBestPrompts } from '../../registry/record.ts';
import { diffComponents, renderComponentDiff } from '../ui/diff.ts';
import { print, printJson } from '../ui/output.ts';
import { resultsFolder, type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderFields } from '../ui/table.ts';
import { findPrompt } from './find.ts';
import { fieldsOf } from './show.ts';

/**
 * Moves a label in the store and in `best_prompts.json`. What agents load changes only after a person saw the difference
 * and the evidence (promise I09); moving the label back undoes it.
 */
export async function labelPrompt(
  reference: string,
  label: string,
  options: StoreOptions & { readonly yes?: boolean },
): Promise<void> {
  assertLabel(label);
  await withStore(options, async (store) => {
    const prompt = await findPrompt(store, reference);
    const previous = (await storedPrompts(store)).findLast(({ labels }) => labels.includes(label));
    if (label === PRODUCTION && previous?.promptId !== prompt.promptId) {
      const evidence = describeMove(previous, prompt);
      if (options.json === true) process.stderr.write(`${evidence}\n`);
      else print(evidence);
      await confirm(options.yes === true);
    }
    await store.prompts.setLabel(label, prompt.promptId);
    const file = await writeBestPrompts(store, resultsFolder(options));
    if (options.json === true) {
      printJson({
        label,
        promptId: prompt.promptId,
        version: prompt.version,
        previous: previous?.promptId ?? null,
        file,
      });
    } else {
      print(`${label} is now ${prompt.promptId} (v${prompt.version})`);
    }
  });
}

function describeMove(previous: BestPrompt | undefined, next: BestPrompt): string {
  const fields = renderFields([['now', previous === undefined ? 'nothing' : nameOf(previous)], ...fieldsOf(next)]);
  const text =
    previous === undefined
      ? terminalSafe(next.text)
      : renderComponentDiff(diffComponents(previous.components, next.components));
  return `${fields}\n\n${text}\n`;
}

function nameOf({ promptId, version }: BestPrompt): string {
  return `${promptId} (v${version})`;
}

async function confirm(agreed: boolean): Promise<void> {
  if (agreed) return;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new ApoError('usage', `moving "${PRODUCTION}" changes what agents load`, {
      hint: 'read the difference above, then add --yes',
    });
  }
  const { confirm: ask } = await import('@clack/prompts');
  // Anything but a clear yes, Ctrl-C included, leaves the label where it is.
  if ((await ask({ message: `Move ${PRODUCTION} to this prompt?`, initialValue: false })) !== true) {
    throw new ApoError('interrupted', `${PRODUCTION} was not moved`);
  }
}
