import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadEnvironment } from '../config/environment.ts';
import { ApoError } from '../core/errors.ts';
import { generalComponent, placeholdersOf, renderTemplate, SYSTEM } from '../core/prompt.ts';
import { type BestPrompt, bestPromptsPath, readBestPrompts } from './best-prompts.ts';
import { chooseBest } from './choose.ts';

/** A `URL` of a file, written so that it needs neither DOM's nor Node's types. */
type FileUrl = { readonly href: string };

export type LoadBestPromptOptions = {
  /**
   * Folder with `best_prompts.json`; `new URL('./results', import.meta.url)` is one beside the module wherever the agent is
   * started. Default: the variable `APO_RESULTS`, else `./results`.
   */
  readonly results?: string | FileUrl;
  /** The file itself, instead of `results`. */
  readonly path?: string | FileUrl;
  /** Load what this label points to, for example `staging`. */
  readonly label?: string;
  /** Load this version. */
  readonly version?: number;
};

export type LoadedPrompt = {
  readonly promptId: string;
  readonly version: number;
  /** The prompt as trained, placeholders not filled. */
  readonly text: string;
  readonly components: { readonly [name: string]: string };
  /** Validation score 0..1 of the run that found it; null when it was never scored. */
  readonly score: number | null;
  /** Trained on the simulated model: the score says nothing about a real one. */
  readonly simulated: boolean;
  /** Names of the `{{placeholders}}` of all components. */
  readonly variables: readonly string[];
  /**
   * Fills the placeholders of one component in one pass: `system` unless another is named. `system@<category>` is the prompt of
   * that category, and the general one where the category has none of its own.
   * @throws ApoError `prompt-invalid` when a value is missing, or given for no placeholder; `not-found` for an unknown component
   */
  render(values?: { readonly [name: string]: string }, component?: string): string;
};

/**
 * Loads the best trained prompt for use in an agent. Without options: the version labelled `production`, else the newest
 * that improved, else the newest. Reads one small file each time and never the database.
 * @throws ApoError `not-found` when nothing was trained yet or nothing fits; `store-corrupt` for a damaged file; `usage`
 * for options that are none
 */
export function loadBestPrompt(options: LoadBestPromptOptions = {}): LoadedPrompt {
  assertOptions(options);
  const path =
    options.path === undefined
      ? bestPromptsPath(located(options.results ?? loadEnvironment().get('APO_RESULTS') ?? 'results'))
      : located(options.path);
  const history = readBestPrompts(path) ?? [];
  if (history.length === 0) {
    throw new ApoError('not-found', `no trained prompt in ${path}`, {
      hint: 'run apo train first, or name its folder: loadBestPrompt({ results }) or the variable APO_RESULTS',
    });
  }
  const { label, version } = options;
  const found = chooseBest(
    history.filter(
      (entry) =>
        (label === undefined || entry.labels.includes(label)) && (version === undefined || entry.version === version),
    ),
  );
  if (found === undefined) {
    const wanted = [version === undefined ? '' : `version ${version}`, label === undefined ? '' : `label "${label}"`];
    throw new ApoError('not-found', `no prompt with ${wanted.filter(Boolean).join(' and ')} in ${path}`, {
      hint: 'apo prompt list shows versions and labels',
    });
  }
  return loaded(found);
}

const OPTIONS: { readonly [name in keyof Required<LoadBestPromptOptions>]: true } = {
  results: true,
  path: true,
  label: true,
  version: true,
};

/** An agent in plain JavaScript that is let go on with a misspelled option would run another prompt than it asked for. */
function assertOptions(options: unknown): void {
  const names = typeof options === 'object' && options !== null ? Object.keys(options) : undefined;
  const unknown = names?.find((name) => !Object.hasOwn(OPTIONS, name));
  if (names !== undefined && unknown === undefined) return;
  const what = names === undefined ? `options, not ${JSON.stringify(options)}` : `no option "${unknown}"`;
  throw new ApoError('usage', `loadBestPrompt takes ${what}`, {
    hint: `known are ${Object.keys(OPTIONS).join(', ')}, as in loadBestPrompt({ results: './results' })`,
  });
}

/** Absolute, so that an error says where the file is missed. */
function located(place: string | FileUrl): string {
  return resolve(typeof place === 'string' ? place : fileURLToPath(place.href));
}

function loaded(entry: BestPrompt): LoadedPrompt {
  const { promptId, version, text, components, score, simulated } = entry;
  // As in training, a placeholder that is the name of a component stands for it.
  const isPart = (name: string): boolean => name !== SYSTEM && Object.hasOwn(components, name);
  const variables = [...new Set(Object.values(components).flatMap((template) => placeholdersOf(template)))].filter(
    (name) => !isPart(name),
  );
  return {
    promptId,
    version,
    text,
    components,
    score,
    simulated,
    variables,
    render(values = {}, component) {
      const template = templateOf(entry, component);
      // A value may belong to another component; one that belongs to none is a mistake.
      const allowUnused = Object.keys(values).every((name) => variables.includes(name));
      if (!allowUnused) return renderTemplate(template, values);
      const parts = placeholdersOf(template).filter(isPart);
      const texts = parts.map((name) => [name, renderTemplate(components[name] ?? '', values, { allowUnused })]);
      return renderTemplate(template, { ...values, ...Object.fromEntries(texts) }, { allowUnused });
    },
  };
}

function templateOf({ promptId, text, components }: BestPrompt, component: string | undefined): string {
  if (component === undefined) return Object.hasOwn(components, SYSTEM) ? (components[SYSTEM] ?? '') : text;
  if (Object.hasOwn(components, component)) return components[component] ?? '';
  const general = generalComponent(component);
  if (Object.hasOwn(components, general)) return components[general] ?? '';
  throw new ApoError('not-found', `prompt ${promptId} has no component "${component}"`, {
    hint: `it has ${Object.keys(components).join(', ')}`,
  });
}
