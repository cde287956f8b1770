import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../platform/files.ts';
import { readJsonLines, repairTail } from '../shared/lines.ts';
import { datesOf, partsOf } from './folder.ts';
import { readPart, writePart } from './parquet.ts';
import { type ColdOptions, type ColdRow, type ColdTrace, rowsOf } from './rows.ts';

/** Bounds what is held in memory; a part is what fits, so that parts stay in the range of 10 to 100 MB. */
const MAX_ROWS = 50_000;
const MAX_CHARACTERS = 64 * 1024 * 1024;
/** Readers of a folder of Parquet files pass over names that begin with an underscore. */
const TOMBSTONES = '_tombstones.jsonl';
/** Its name in earlier builds; still read. */
const OLD_TOMBSTONES = 'tombstones.jsonl';

export type WriteColdOptions = ColdOptions & {
  readonly folder: string;
  /** One trace at a time, whole. */
  readonly traces: AsyncIterable<ColdTrace> | Iterable<ColdTrace>;
  /** A new id for each part (`randomUUID`). */
  readonly newId: () => string;
};

export type ColdReport = {
  readonly files: readonly string[];
  readonly traces: number;
  readonly spans: number;
  /** Traces of users that were deleted before. */
  readonly dropped: number;
};

/**
 * Moves traces to cold storage: `<folder>/dt=YYYY-MM-DD/part-<id>.parquet` by the UTC date on which a trace ended, in the
 * layout that DuckDB, pandas and Spark read as partitions. Parts are never changed, except by {@link deleteFromCold}.
 * Delete the traces from the store only after this has returned.
 * @throws ApoError `file-write`
 */
export async function writeCold(options: WriteColdOptions): Promise<ColdReport> {
  const { folder, traces, newId } = options;
  const deleted = await tombstonesOf(folder);
  const files: string[] = [];
  let byDate = new Map<string, ColdRow[]>();
  let rows = 0;
  let characters = 0;
  const count = { traces: 0, spans: 0, dropped: 0 };

  function flush(): void {
    for (const [dt, part] of byDate) {
      const partition = join(folder, `dt=${dt}`);
      makeFolder(partition, 0o700);
      const file = join(partition, `part-${newId()}.parquet`);
      writePart(file, part);
      files.push(file);
    }
    byDate = new Map();
    rows = 0;
    characters = 0;
  }
  for await (const trace of traces) {
    const added = rowsOf(trace, options);
    const first = added[0];
    if (first === undefined) continue;
    if (deleted.has(first.user_hash) || deleted.has(first.session_hash)) {
      count.dropped += 1;
      continue;
    }
    count.traces += 1;
    count.spans += added.length;
    byDate.set(first.dt, (byDate.get(first.dt) ?? []).concat(added));
    rows += added.length;
    for (const row of added) {
      characters += row.attributes_json.length + row.events_json.length;
      characters += (row.input_json?.length ?? 0) + (row.output_json?.length ?? 0);
    }
    if (rows >= MAX_ROWS || characters >= MAX_CHARACTERS) flush();
  }
  flush();
  return { files, ...count };
}

/**
 * Whose rows are to go: those of a user or session by its pseudonym, or those of traces. With a user go the traces without
 * one in sessions that name nobody else; `sessions` are such sessions as another place knows them.
 */
export type ColdTarget =
  | { readonly pseudonym: string; readonly sessions?: readonly string[] }
  | { readonly traceIds: readonly string[] };

/**
 * Removes everything of a user or session, or of some traces. A pseudonym is remembered, so that what arrives late is
 * dropped. Each part that holds such rows is written anew beside the old one, which it then replaces.
 * @returns how many spans are gone, and of which traces.
 * @throws ApoError `file-write`
 */
export async function deleteFromCold(
  folder: string,
  target: ColdTarget,
  at: Date,
): Promise<{ readonly spans: number; readonly traceIds: ReadonlySet<string> }> {
  const traceIds = new Set<string>();
  let spans = 0;
  if (!existsSync(folder)) return { spans, traceIds };
  if ('pseudonym' in target) {
    const list = join(folder, TOMBSTONES);
    repairTail(list);
    appendFileSync(list, `${JSON.stringify({ pseudonym: target.pseudonym, at: at.toISOString() })}\n`, { mode: 0o600 });
  }
  const isTarget = await matcherOf(folder, target);
  for (const file of partsOf(folder)) {
    const owners = await readPart(file, OWNERS);
    const found = owners.filter(isTarget);
    if (found.length === 0) continue;
    if (found.length === owners.length) rmSync(file);
    else
      writePart(
        file,
        (await readPart(file)).filter((row) => !isTarget(row)),
      );
    spans += found.length;
    for (const row of found) traceIds.add(row.trace_id);
  }
  return { spans, traceIds };
}

const OWNERS = ['trace_id', 'user_hash', 'session_hash'] as const;

async function matcherOf(
  folder: string,
  target: ColdTarget,
): Promise<(row: Pick<ColdRow, (typeof OWNERS)[number]>) => boolean> {
  if ('traceIds' in target) {
    const wanted = new Set(target.traceIds);
    return ({ trace_id }) => wanted.has(trace_id);
  }
  const { pseudonym } = target;
  const alone = new Set(target.sessions);
  const shared = new Set<string>();
  for (const file of partsOf(folder)) {
    for (const { user_hash, session_hash } of await readPart(file, OWNERS)) {
      if (session_hash !== null && user_hash !== null) (user_hash === pseudonym ? alone : shared).add(session_hash);
    }
  }
  for (const session of shared) alone.delete(session);
  return ({ user_hash, session_hash }) =>
    user_hash === pseudonym ||
    session_hash === pseudonym ||
    (user_hash === null && session_hash !== null && alone.has(session_hash));
}

/** Removes the partitions of dates that are more than `days` before `now`; returns those dates. */
export function expireCold(
  folder: string,
  { days, now }: { readonly days: number; readonly now: Date },
): readonly string[] {
  const oldest = new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10);
  const expired = datesOf(folder).filter((date) => date < oldest);
  for (const date of expired) rmSync(join(folder, `dt=${date}`), { recursive: true });
  return expired;
}

/** Whether there is cold storage in the folder. */
export function hasCold(folder: string): boolean {
  return datesOf(folder).length > 0 || existsSync(join(folder, TOMBSTONES)) || existsSync(join(folder, OLD_TOMBSTONES));
}

async function tombstonesOf(folder: string): Promise<ReadonlySet<unknown>> {
  const pseudonyms = new Set<unknown>();
  for (const name of [OLD_TOMBSTONES, TOMBSTONES]) {
    const list = join(folder, name);
    if (!existsSync(list)) continue;
    for await (const entry of readJsonLines(list)) {
      if (typeof entry === 'object' && entry !== null && 'pseudonym' in entry) pseudonyms.add(entry.pseudonym);
    }
  }
  return pseudonyms;
}
