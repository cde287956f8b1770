import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { parquetWriteFile } from 'hyparquet-writer';
import { ApoError, faultInWords } from '../../core/errors.ts';
import type { ColdRow } from './rows.ts';

/** Column order and types; adding one at the end is compatible, changing one is not. */
const COLUMNS: { readonly [K in keyof ColdRow]: 'STRING' | 'INT64' | 'INT32' | 'DOUBLE' } = {
  trace_id: 'STRING',
  span_id: 'STRING',
  parent_id: 'STRING',
  kind: 'STRING',
  name: 'STRING',
  session_hash: 'STRING',
  user_hash: 'STRING',
  model: 'STRING',
  prompt_version: 'STRING',
  start_ns: 'INT64',
  end_ns: 'INT64',
  status: 'STRING',
  input_json: 'STRING',
  output_json: 'STRING',
  attributes_json: 'STRING',
  events_json: 'STRING',
  tokens_in: 'INT32',
  tokens_out: 'INT32',
  cost: 'DOUBLE',
  score: 'DOUBLE',
  redaction_level: 'INT32',
  dt: 'STRING',
  feedback_json: 'STRING',
};

/**
 * Writes one Parquet file (Snappy) that appears under its name only when it is complete.
 * @throws ApoError `file-write`
 */
export function writePart(path: string, rows: readonly ColdRow[]): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const names = Object.keys(COLUMNS) as (keyof ColdRow)[];
    const columnData = names.map((name) => ({
      name,
      type: COLUMNS[name],
      nullable: true,
      data: rows.map((row) => row[name]),
    }));
    parquetWriteFile({ filename: temporary, columnData });
    const file = openSync(temporary, 'r+');
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new ApoError('file-write', `cannot write ${path}: ${faultInWords(error)}`, {
      hint: 'check free space and permissions of the folder',
      cause: error,
    });
  }
}

/** All rows of a part, or some columns of them. */
export async function readPart(path: string, columns?: readonly (keyof ColdRow)[]): Promise<readonly ColdRow[]> {
  const file = await asyncBufferFromFile(path);
  return (await parquetReadObjects({ file, ...(columns === undefined ? {} : { columns: [...columns] }) })) as ColdRow[];
}
