import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { ApoError, faultInWords } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';

/**
 * The file that a production agent reads: the history of best prompts, newest last. Derived from the store and readable
 * without it, so this file and its reader know only `node:` modules and `core/`.
 */
export const BEST_PROMPTS_FILE = 'best_prompts.json';

/** What one run ended with. */
export type BestPrompt = {
  readonly promptId: string;
  readonly version: number;
  /** The text that people see; of several components, all of them under their names. */
  readonly text: string;
  readonly components: { readonly [name: string]: string };
  /** Validation score 0..1. */
  readonly score: number | null;
  /** 95 % interval of the score. */
  readonly interval: readonly [number, number] | null;
  /** Validation rollouts behind the score. */
  readonly n: number;
  /** `improved`, `no_improvement` or `not_enough_data`. */
  readonly verdict: string;
  readonly runId: string;
  readonly algorithm: string;
  /** Trained on the simulated model: the score says nothing about a real one. */
  readonly simulated: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  /** Movable names that point to this prompt. */
  readonly labels: readonly string[];
};

export function bestPromptsPath(results: string): string {
  return join(results, BEST_PROMPTS_FILE);
}

/**
 * Reads the history; undefined when there is no file.
 * @throws ApoError `store-corrupt` when the file is not such a history, `not-found` when it cannot be read
 */
export function readBestPrompts(path: string): readonly BestPrompt[] | undefined {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ApoError('not-found', `cannot read ${path}: ${faultInWords(error)}`, {
      hint: `it should be the ${BEST_PROMPTS_FILE} that apo train writes`,
      cause: error,
    });
  }
  const parsed = parseJson(text.replace(/^\ufeff/, ''));
  // The parser quotes what it met, line breaks included.
  if (!parsed.ok) throw malformed(path, parsed.reason.replace(/\s+/g, ' '));
  if (!Array.isArray(parsed.value)) throw malformed(path, 'it is not a list');
  return (parsed.value as readonly Json[]).map((entry, index) => {
    const problem = problemOf(entry);
    if (problem !== undefined) throw malformed(path, `entry ${index + 1} ${problem}`);
    return { ...(entry as unknown as BestPrompt), simulated: (entry as JsonObject).simulated === true };
  });
}

/** Bytes that are read at once. */
const PIECE = 64 * 1024;

/** In pieces: the allocator would keep a buffer of the whole file after it is freed, and every run adds to this file. */
function readText(path: string): string {
  const decoder = new StringDecoder('utf8');
  const piece = Buffer.allocUnsafe(PIECE);
  const file = openSync(path, 'r');
  try {
    let text = '';
    for (let bytes = readSync(file, piece); bytes > 0; bytes = readSync(file, piece)) {
      text += decoder.write(piece.subarray(0, bytes));
    }
    return text + decoder.end();
  } finally {
    closeSync(file);
  }
}

function problemOf(entry: Json): string | undefined {
  if (!isJsonObject(entry)) return 'is not an object';
  for (const [key, isRight] of Object.entries(FIELDS)) {
    const value = entry[key];
    if (value === undefined || !isRight(value)) return `has no valid "${key}"`;
  }
  return undefined;
}

const isText = (value: Json): boolean => typeof value === 'string';
const isNumber = (value: Json): boolean => typeof value === 'number';
const FIELDS: { readonly [key in Exclude<keyof BestPrompt, 'simulated'>]: (value: Json) => boolean } = {
  promptId: isText,
  version: isNumber,
  text: isText,
  components: (value) => isJsonObject(value) && Object.values(value satisfies JsonObject).every(isText),
  score: (value) => value === null || isNumber(value),
  interval: (value) => value === null || (Array.isArray(value) && value.length === 2 && value.every(isNumber)),
  n: isNumber,
  verdict: isText,
  runId: isText,
  algorithm: isText,
  createdAt: isText,
  labels: (value) => Array.isArray(value) && value.every(isText),
};

function malformed(path: string, reason: string): ApoError {
  return new ApoError('store-corrupt', `${path} is not a history of best prompts: ${reason}`, {
    hint: 'apo prompt label, or the end of the next run, writes it anew from the store',
  });
}
