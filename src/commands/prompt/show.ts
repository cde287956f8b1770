import { placeholdersOf } from '../../core/prompt.ts';
import { terminalSafe } from '../../platform/text.ts';
import type { BestPrompt } from '../../registry/best-prompts.ts';
import { formatDate, formatEvidence } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderFields } from '../ui/table.ts';
import { findPrompt } from './find.ts';

export async function showPrompt(reference: string, options: StoreOptions): Promise<void> {
  const prompt = await withStore(options, (store) => findPrompt(store, reference));
  if (options.json === true) return printJson(withVariables(prompt));
  print(`${renderFields(fieldsOf(prompt))}\n\n${terminalSafe(prompt.text)}`);
}

/** The bare text, to be piped or copied. */
export async function showBest(options: StoreOptions): Promise<void> {
  const prompt = await withStore(options, (store) => findPrompt(store, 'best'));
  if (options.json === true) return printJson(withVariables(prompt));
  print(terminalSafe(prompt.text));
}

/** Said wherever a score of the simulated model is shown. */
export const SIMULATED = [
  'simulated',
  'trained on the simulated model: the score says nothing about a real one',
] as const;

/** What speaks for a prompt, for a person who decides about it. */
export function fieldsOf(prompt: BestPrompt): readonly (readonly [string, string])[] {
  const labels = prompt.labels.length === 0 ? '' : `, ${prompt.labels.join(', ')}`;
  return [
    ['prompt', `${prompt.promptId} (v${prompt.version}${labels})`],
    ['score', formatEvidence(prompt)],
    ['verdict', prompt.verdict],
    [
      'run',
      `${prompt.runId}${prompt.algorithm === '' ? '' : `, ${prompt.algorithm}`}, ${formatDate(prompt.createdAt)}`,
    ],
    ...(prompt.simulated ? [SIMULATED] : []),
    ['variables', variablesOf(prompt).join(', ') || 'none'],
  ];
}

function variablesOf(prompt: BestPrompt): readonly string[] {
  return [...new Set(Object.values(prompt.components).flatMap((template) => placeholdersOf(template)))];
}

function withVariables(prompt: BestPrompt): object {
  return { ...prompt, variables: variablesOf(prompt) };
}
