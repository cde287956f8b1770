import { hashOf, isJsonObject, type Json } from '../core/json.ts';
import { guard } from './state.ts';

export type Delta<M> = {
  /** Messages never shown before, in order. */
  readonly added: readonly { readonly index: number; readonly message: M }[];
  /** Messages that took the place of an earlier one: same `id` with other content, or changed in mid-conversation. */
  readonly edited: readonly { readonly index: number; readonly message: M }[];
};

export type DeltaProcessor<M> = {
  /**
   * Shows the state of the conversation; messages may have been appended, trimmed, edited or shown before. Never throws:
   * what is no list of messages has nothing new in it.
   */
  push(messages: readonly M[]): Delta<M>;
};

export type DeltaOptions<M> = {
  /** Equal for two showings of the same message. Default: role, content, tool calls and tool call id. */
  readonly fingerprint?: (message: M) => string;
  /** Up to how many messages are remembered that the state no longer shows. Default 2,000; the oldest are forgotten. */
  readonly limit?: number;
};

/**
 * Bound of the alignment's table: of longer conversations only the newest part is compared. Filling it takes about two
 * milliseconds of the agent's time, each time that the beginning of a state has changed.
 */
const MAX_CELLS = 250_000;

type Entry = { readonly token: string; fingerprint: string };

/**
 * Turns a `messages` array that is shown again and again into new messages only. Each state is aligned with everything
 * seen so far (longest common subsequence, later matches preferred): what follows the last match is new even if it
 * repeats an old text, what stands before it is new only if it was never seen. A message's `id`, where it has one, is
 * its identity.
 */
export function createDelta<M = unknown>(options: DeltaOptions<M> = {}): DeltaProcessor<M> {
  const { fingerprint = createFingerprint(), limit = 2_000 } = options;
  let log: Entry[] = [];
  const seen = new Map<string, number>();

  function remember(entry: Entry): void {
    seen.set(entry.token, (seen.get(entry.token) ?? 0) + 1);
  }
  /** Never what is shown: forgotten, it would be taken for an edit when it is shown again. */
  function forgetOldest(entries: readonly Entry[]): void {
    let excess = log.length - limit;
    if (excess <= 0) return;
    const shown = new Set(entries.map(({ token }) => token));
    log = log.filter(({ token }) => {
      if (excess <= 0 || shown.has(token)) return true;
      excess -= 1;
      const left = (seen.get(token) ?? 1) - 1;
      if (left === 0) seen.delete(token);
      else seen.set(token, left);
      return false;
    });
  }
  return { push: (messages) => guard(() => push(messages)) ?? { added: [], edited: [] } };

  function push(messages: readonly M[]): Delta<M> {
    const entries = messages.map((message): Entry => {
      const print = fingerprint(message);
      const id = idOf(message);
      return { fingerprint: print, token: id === undefined ? print : `id:${id}` };
    });
    const matches = align(log, entries);
    const last = matches.findLastIndex((match) => match !== undefined);
    const added: { index: number; message: M }[] = [];
    const edited: { index: number; message: M }[] = [];
    const merged: Entry[] = [];
    let copied = 0;
    for (const [index, entry] of entries.entries()) {
      const message = messages[index] as M;
      const match = matches[index];
      if (match !== undefined) {
        for (; copied <= match; copied++) merged.push(log[copied] as Entry);
        const known = log[match] as Entry;
        if (known.fingerprint !== entry.fingerprint) {
          known.fingerprint = entry.fingerprint;
          edited.push({ index, message });
        }
        continue;
      }
      if (index < last && seen.has(entry.token)) continue;
      (index < last ? edited : added).push({ index, message });
      remember(entry);
      if (index > last) for (; copied < log.length; copied++) merged.push(log[copied] as Entry);
      merged.push(entry);
    }
    for (; copied < log.length; copied++) merged.push(log[copied] as Entry);
    log = merged;
    forgetOldest(entries);
    return { added, edited };
  }
}

/** For each new entry the index of its match in the log. */
function align(log: readonly Entry[], entries: readonly Entry[]): readonly (number | undefined)[] {
  const matches: (number | undefined)[] = entries.map(() => undefined);
  let start = 0;
  while (start < log.length && start < entries.length && log[start]?.token === entries[start]?.token) {
    matches[start] = start;
    start += 1;
  }
  const rows = entries.length - start;
  const base = Math.max(start, log.length - Math.floor(MAX_CELLS / (rows + 1)));
  const columns = log.length - base;
  if (rows === 0 || columns === 0) return matches;
  // lengths[i][j]: longest common subsequence of entries[..i] and log[..j], counted from `start` and `base`.
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  for (let i = 1; i <= rows; i++) {
    for (let j = 1; j <= columns; j++) {
      const same = entries[start + i - 1]?.token === log[base + j - 1]?.token;
      lengths[i * width + j] = same
        ? (lengths[(i - 1) * width + j - 1] ?? 0) + 1
        : Math.max(lengths[(i - 1) * width + j] ?? 0, lengths[i * width + j - 1] ?? 0);
    }
  }
  // Walking back from the end of the log, new entries are given up first: matches end up as late in the log as possible.
  for (let i = rows, j = columns; i > 0 && j > 0; ) {
    const length = lengths[i * width + j] ?? 0;
    if ((lengths[(i - 1) * width + j] ?? 0) === length) i -= 1;
    else if (entries[start + i - 1]?.token === log[base + j - 1]?.token) {
      matches[start + i - 1] = base + j - 1;
      i -= 1;
      j -= 1;
    } else j -= 1;
  }
  return matches;
}

function idOf(message: unknown): string | undefined {
  return isJsonObject(message) && typeof message.id === 'string' && message.id !== '' ? message.id : undefined;
}

const TELLING = [
  'role',
  'type',
  'content',
  'parts',
  'tool_calls',
  'tool_call_id',
  'name',
  'call_id',
  'output',
] as const;

/**
 * A state is shown again with every step, so that a long conversation would be hashed over and over: an object whose
 * telling values are all primitive and the same as last time is not read again. Lists may change in place, so they are.
 */
function createFingerprint(): (message: unknown) => string {
  const known = new WeakMap<object, { readonly values: readonly unknown[]; readonly print: string }>();
  return (message) => {
    if (!isJsonObject(message)) return hashOf(message ?? null);
    const values = TELLING.map((key) => message[key]);
    const before = known.get(message);
    if (before?.values.every((value, index) => value === values[index] && !isContainer(value))) return before.print;
    const telling = TELLING.flatMap((key, index) => (values[index] === undefined ? [] : [[key, values[index]]]));
    if (telling.length === 0) return hashOf(message);
    const print = hashOf(telling as Json);
    known.set(message, { values, print });
    return print;
  };
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
