import { renameSync } from 'node:fs';
import { ApoError, faultInWords, isApoError } from '../core/errors.ts';
import { promptText } from '../core/prompt.ts';
import { writeFileAtomic } from '../platform/files.ts';
import type { Run, Store } from '../stores/store.ts';
import { type BestPrompt, bestPromptsPath, readBestPrompts } from './best-prompts.ts';

/** The part of the store that prompt versions come from. */
export type PromptSource = Pick<Store, 'prompts' | 'runs'>;

/**
 * Writes `best_prompts.json` anew from the store: at the end of a run, and whenever a label moves. Entries of other
 * stores that are in the file stay. A damaged file is set aside as `best_prompts.json.damaged`, since the store knows all.
 * @returns the path of the file
 * @throws ApoError `file-write`, or what the store throws; the file is then the old one
 */
export async function writeBestPrompts(store: PromptSource, results: string): Promise<string> {
  const path = bestPromptsPath(results);
  let written = '';
  // Another run may end between reading and writing: repeat until what was written is what the store says.
  for (;;) {
    const own = await storedPrompts(store);
    const labels = await store.prompts.labels();
    const state = JSON.stringify([own, labels]);
    if (state === written) return path;
    const history = merge(readOrSetAside(path), own, labels);
    writeFileAtomic(path, `${JSON.stringify(history, null, 2)}\n`);
    written = state;
  }
}

/** All prompt versions of the store with their labels, oldest first. */
export async function storedPrompts(store: PromptSource): Promise<readonly BestPrompt[]> {
  const labels = Object.entries(await store.prompts.labels());
  const runs = new Map<string, Pick<BestPrompt, 'algorithm' | 'simulated'>>();
  const history: BestPrompt[] = [];
  for (const stored of [...(await store.prompts.list())].reverse()) {
    const { prompt, version, score, interval, n, verdict, runId, createdAt } = stored;
    const made = runs.get(runId) ?? describeRun(await store.runs.get(runId));
    runs.set(runId, made);
    history.push({
      promptId: prompt.id,
      version,
      text: promptText(prompt),
      components: prompt.components,
      score,
      interval,
      n,
      verdict,
      runId,
      ...made,
      createdAt,
      labels: labels.filter(([, promptId]) => promptId === prompt.id).map(([label]) => label),
    });
  }
  return history;
}

function describeRun(run: Run | undefined): Pick<BestPrompt, 'algorithm' | 'simulated'> {
  return { algorithm: run?.algorithm ?? '', simulated: run?.result?.simulated === true };
}

function merge(
  inFile: readonly BestPrompt[],
  own: readonly BestPrompt[],
  labels: { readonly [label: string]: string },
): readonly BestPrompt[] {
  const keyOf = ({ promptId, runId }: BestPrompt): string => `${promptId} ${runId}`;
  const known = new Set(own.map(keyOf));
  const others = inFile
    .filter((entry) => !known.has(keyOf(entry)))
    .map((entry) => ({ ...entry, labels: entry.labels.filter((label) => !Object.hasOwn(labels, label)) }));
  return [...others, ...own].sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}

function readOrSetAside(path: string): readonly BestPrompt[] {
  try {
    return readBestPrompts(path) ?? [];
  } catch (error) {
    if (!isApoError(error) || error.code !== 'store-corrupt') {
      // Written over blindly, it would lose what other stores put there.
      throw new ApoError('file-write', faultInWords(error), {
        hint: 'check the permissions of the file',
        cause: error,
      });
    }
  }
  try {
    renameSync(path, `${path}.damaged`);
  } catch (error) {
    throw new ApoError('file-write', `cannot set ${path} aside: ${faultInWords(error)}`, {
      hint: 'move or remove the file yourself, then run the command again',
      cause: error,
    });
  }
  return [];
}
