import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { makeFolder } from '../../platform/files.ts';
import { isAlive } from '../../platform/process.ts';
import { partitionsOf } from './folder.ts';
import { readPart, writePart } from './parquet.ts';

/** Readers of a folder of Parquet files pass over names that begin with an underscore. */
const LIST = /^_moving-(\d+)\.txt$/;
const UNFINISHED = /\.parquet\.(\d+)\.tmp$/;

export type Move = {
  /** Id of a part that is about to be written. */
  newId(): string;
  /** The traces of all these parts have left the store. */
  done(): void;
  /** Lets other processes move. */
  end(): void;
};

/**
 * Keeps a list of parts whose traces are still in the store, so that a later run knows them if this one is killed, and
 * other processes that this one is at work.
 * @throws ApoError `store-locked` while another process moves traces to this folder
 */
export function startMove(folder: string): Move {
  const list = join(folder, `_moving-${process.pid}.txt`);
  makeFolder(folder, 0o700);
  writeFileSync(list, '', { mode: 0o600 });
  // After our own is there: of two that start at once, at least one sees the other.
  const other = readdirSync(folder).find((name) => !isStale(LIST.exec(name)?.[1] ?? `${process.pid}`));
  if (other !== undefined) {
    rmSync(list);
    throw new ApoError('store-locked', `process ${LIST.exec(other)?.[1]} is moving traces to ${folder}`, {
      hint: 'wait until it has ended',
    });
  }
  return {
    newId() {
      const id = randomUUID();
      const file = openSync(list, 'a', 0o600);
      try {
        writeSync(file, `${id}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      return id;
    },
    done: () => writeFileSync(list, ''),
    end: () => rmSync(list, { force: true }),
  };
}

/** Whether whoever wrote it is gone; a process moves once at a time. */
function isStale(pid: string): boolean {
  return Number(pid) === process.pid || !isAlive(Number(pid));
}

/**
 * Clears up after moves that were killed: what still is in the store leaves their parts, because it will be moved again,
 * and files that were never finished go.
 * @throws ApoError `file-write`
 */
export async function settleMoves(folder: string, isInStore: (traceId: string) => Promise<boolean>): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const pid = LIST.exec(name)?.[1];
    if (pid === undefined || !isStale(pid)) continue;
    const list = join(folder, name);
    for (const id of readFileSync(list, 'utf8').split('\n')) {
      for (const partition of partitionsOf(folder)) {
        const part = join(partition, `part-${id}.parquet`);
        if (id !== '' && existsSync(part)) await settlePart(part, isInStore);
      }
    }
    rmSync(list);
  }
  for (const partition of partitionsOf(folder)) {
    for (const name of readdirSync(partition)) {
      const pid = UNFINISHED.exec(name)?.[1];
      if (pid !== undefined && isStale(pid)) rmSync(join(partition, name));
    }
  }
}

async function settlePart(part: string, isInStore: (traceId: string) => Promise<boolean>): Promise<void> {
  const rows = await readPart(part);
  const twice = new Set<string>();
  for (const traceId of new Set(rows.map((row) => row.trace_id))) if (await isInStore(traceId)) twice.add(traceId);
  if (twice.size === 0) return;
  const left = rows.filter((row) => !twice.has(row.trace_id));
  if (left.length === 0) rmSync(part);
  else writePart(part, left);
}
