import type { MicroUsd } from '../../core/usage.ts';

/** A score 0..1 with three decimals; `-` when there is none. */
export function formatScore(score: number | null | undefined): string {
  return score === null || score === undefined ? '-' : score.toFixed(3);
}

/** A difference of scores with its sign. */
export function formatChange(change: number): string {
  return `${change < 0 ? '-' : '+'}${Math.abs(change).toFixed(3)}`;
}

/** Score with its interval and the number of rollouts behind it. */
export function formatEvidence(given: {
  readonly score: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number;
}): string {
  const interval =
    given.interval === null ? '' : `${formatScore(given.interval[0])} to ${formatScore(given.interval[1])}, `;
  return `${formatScore(given.score)} (${interval}n = ${given.n})`;
}

/** Dollars; an unknown price is said to be unknown. */
export function formatCost(cost: MicroUsd): string {
  return cost === null ? 'unknown' : `$${(cost / 1_000_000).toFixed(cost > 0 && cost < 10_000 ? 6 : 2)}`;
}

/** At most five characters: `9999`, `12k`, `3.40M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1e6 ? `${(count / 1e3).toFixed(0)}k` : `${(count / 1e6).toFixed(2)}M`;
}

/** `5.2s`, `42s`, `3m07s`, `2h15m`; `?` when it is not known. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}m${String(Math.round(seconds % 60)).padStart(2, '0')}s`
    : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

/** ISO 8601 to minutes, still UTC. */
export function formatDate(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}
