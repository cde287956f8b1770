import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const PARTITION = /^dt=(\d{4}-\d{2}-\d{2})$/;

/** Dates that a cold storage has. */
export function datesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => PARTITION.exec(name)?.[1] ?? []);
}

export function partitionsOf(folder: string): readonly string[] {
  return datesOf(folder).map((date) => join(folder, `dt=${date}`));
}

export function partsOf(folder: string): readonly string[] {
  return partitionsOf(folder).flatMap((partition) => {
    const parts = readdirSync(partition).filter((name) => /^part-.*\.parquet$/.test(name));
    return parts.sort().map((name) => join(partition, name));
  });
}
