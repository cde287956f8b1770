// Results of runs as JSON lines, one a run: a benchmark is done in slices, and what is there is not run again.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

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
