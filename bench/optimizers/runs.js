// Results of runs as JSON lines, one a run: a benchmark is done in slices, and what is there is not run again.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Prime to the number of families, so that a larger `spread` adds to what a smaller one has run. */
const SPREAD_STRIDE = 5;

/**
 * @typedef {{ algorithm: string, family: string, seed: string, budget: number, style: string, exact: number,
 *   reported: number | null, start: number, ceiling: number, rollouts: number, calls: number, tokens: number,
 *   verdict: string, error?: string }} Row
 */

/** @returns {Row[]} */
export function readRuns(path) {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

export function appendRun(path, row) {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(row)}\n`);
}

export function keyOf({ algorithm, family, seed, budget, style }) {
  return JSON.stringify([algorithm, family, seed, budget, style]);
}

/** The families that a seed meets: all, or with `spread` that many in turn, so that many seeds can be had with few runs. */
export function familiesOf({ families, spread }, seedIndex) {
  const all = families.split(',');
  if (spread === undefined) return all;
  const count = Math.min(Number(spread), all.length);
  return Array.from({ length: count }, (_, place) => all[(seedIndex + place * SPREAD_STRIDE) % all.length]);
}
