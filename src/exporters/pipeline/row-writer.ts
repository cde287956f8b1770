import type { JsonObject } from '../../core/json.ts';

/** Writes rows one by one; the file appears when all are there. */
export type RowWriter = { write(row: JsonObject): void; commit(): void; discard(): void };
