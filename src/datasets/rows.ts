import type { Json } from '../core/json.ts';

/** A row of a file before anyone asks what it means. `line` and `column` count from 1. */
export type RawRow = { readonly line: number } & (
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: string; readonly column?: number }
);

export type Format = 'json' | 'jsonl' | 'yaml' | 'csv';
