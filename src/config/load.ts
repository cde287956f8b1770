import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { ApoError, faultInWords } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import { readTextFile } from '../platform/text-file.ts';
import { firstProblem } from './issues.ts';
import { type Config, type ConfigInput, configSchema } from './schema.ts';

export type LoadedConfig = {
  readonly config: Config;
  /** Folder of the config file, or the working directory; plug-in paths are relative to it. */
  readonly folder: string;
  /** The file that was read, if any. */
  readonly path: string | undefined;
};

const DEFAULT_FILES = ['apo.yaml', 'apo.yml', 'apo.json'];

/**
 * Reads the config file and lays `overrides` (environment, then flags) over it. Without `path`, `apo.yaml` of the working
 * directory is used when there is one. Paths in the file are relative to the file, those in overrides to the working directory.
 * @throws ApoError `config-invalid` naming the file and the key
 */
export function loadConfig(
  path: string | undefined,
  overrides: Partial<ConfigInput>,
  workingFolder: string,
): LoadedConfig {
  const found =
    path === undefined
      ? DEFAULT_FILES.map((name) => join(workingFolder, name)).find(existsSync)
      : resolve(workingFolder, path);
  const folder = found === undefined ? workingFolder : dirname(found);
  const fromFile = found === undefined ? {} : absolutePaths(readConfigFile(found), folder);
  // Tasks come from one place: naming a dataset replaces the history of the file, and the other way round.
  const { dataset, history, ...rest } = fromFile;
  const source = overrides.dataset === undefined && overrides.history === undefined ? { dataset, history } : {};
  const parsed = configSchema.safeParse(merge({ ...rest, ...source }, givenIn(workingFolder, overrides)));
  if (!parsed.success) {
    const { path: at, message } = firstProblem(parsed.error, configSchema);
    const key = at.join('.') || 'config';
    const isOverride = found === undefined || has(overrides, at);
    const origin = isOverride ? 'given by a flag or an APO_ variable' : `in ${found}`;
    throw new ApoError('config-invalid', `${key}: ${message} - ${origin}`, {
      hint: isOverride
        ? 'correct the value; apo train --help shows the flags'
        : 'correct the value; apo init FOLDER writes a commented config to compare with',
    });
  }
  return { config: withPromptFile(parsed.data, folder), folder, path: found };
}

/** Whether the value at the path of an issue was laid over the file. */
function has(overrides: unknown, path: readonly PropertyKey[]): boolean {
  let value: unknown = overrides;
  for (const key of path)
    value = isJsonObject(value) ? value[String(key)] : Array.isArray(value) ? value[Number(key)] : undefined;
  return path.length > 0 && value !== undefined;
}

function readConfigFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readTextFile(path);
  } catch (error) {
    throw new ApoError('config-invalid', `cannot read config ${path}: ${faultInWords(error)}`, {
      hint: 'check --config, or create one with apo init',
      cause: error,
    });
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    throw new ApoError('config-invalid', `config ${path} is not valid YAML: ${problem.message.split('\n')[0]}`, {
      hint: 'correct the file; JSON is fine too',
    });
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (!isJsonObject(value)) {
    throw new ApoError('config-invalid', `config ${path} is not a mapping`, { hint: 'write key: value lines' });
  }
  return value as Record<string, unknown>;
}

const PATH_KEYS = ['dataset', 'history', 'results', 'store', 'traceFolder'];

function absolutePaths(values: object, folder: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) =>
      PATH_KEYS.includes(key) && typeof value === 'string' && !isAbsolute(value)
        ? [key, join(folder, value)]
        : [key, value],
    ),
  );
}

/** Keys whose value is a name, or the path of a plug-in of the user's own. */
const PLUGIN_KEYS = ['grader', 'algorithm', 'historySource'];

/** Flags and variables name every file from where they are given, wherever the config file is. */
function givenIn(folder: string, overrides: object): Record<string, unknown> {
  const values = Object.entries(absolutePaths(overrides, folder)).map(([key, value]) => {
    if (typeof value !== 'string') return [key, value];
    if (key === 'prompt' && value.startsWith('@')) return [key, `@${resolve(folder, value.slice(1))}`];
    return [key, PLUGIN_KEYS.includes(key) && value.startsWith('.') ? resolve(folder, value) : value];
  });
  return Object.fromEntries(values);
}

/** Later values win; mappings are merged key by key, lists are replaced; undefined never wins. */
function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const before = result[key];
    result[key] =
      isJsonObject(before) && isJsonObject(value) && !('use' in value)
        ? merge(before as Record<string, unknown>, value as Record<string, unknown>)
        : value;
  }
  return result;
}

function withPromptFile(config: Config, folder: string): Config {
  const read = (text: string): string => {
    if (!text.startsWith('@')) return text;
    const path = resolve(folder, text.slice(1));
    try {
      return readTextFile(path).replaceAll('\r\n', '\n').trimEnd();
    } catch (error) {
      throw new ApoError('config-invalid', `cannot read prompt file ${path}: ${faultInWords(error)}`, {
        hint: 'check the path after @; it names a text file',
        cause: error,
      });
    }
  };
  const { prompt: given } = config;
  const prompt =
    typeof given === 'string'
      ? read(given)
      : Object.fromEntries(Object.entries(given).map(([name, text]) => [name, read(text)]));
  return { ...config, prompt };
}
