import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import type { ColdRow } from '../../src/traces/cold/rows.ts';

/** The rows of cold storage as any reader of Parquet files finds them: by date, which is in the path. */
export async function coldRows(folder: string): Promise<ColdRow[]> {
  const rows: ColdRow[] = [];
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  for (const file of files.filter((name) => name.endsWith('.parquet'))) {
    const dt = /^dt=(.*)[/\\]/.exec(file)?.[1];
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, file)) });
    rows.push(...read.map((row) => ({ ...row, dt }) as ColdRow));
  }
  return rows;
}
