import type { Random } from '../../core/random.ts';

/** Scores of one candidate by validation task; undefined where there is no score. */
export type Scores = readonly (number | undefined)[];

/** For each task, the candidates (by index) that have the best score on it. Tasks without any score have none. */
export function frontsOf(candidates: readonly Scores[]): readonly ReadonlySet<number>[] {
  const tasks = candidates[0]?.length ?? 0;
  return Array.from({ length: tasks }, (_, task) => {
    const scores = candidates.map((candidate) => candidate[task] ?? Number.NEGATIVE_INFINITY);
    const best = Math.max(...scores);
    return new Set(
      best === Number.NEGATIVE_INFINITY ? [] : scores.flatMap((score, index) => (score === best ? [index] : [])),
    );
  });
}

/**
 * Leaves out candidates that are not needed: each of their tasks is won by another that stays as well. The weakest in
 * the mean go first.
 */
export function prune(
  fronts: readonly ReadonlySet<number>[],
  means: readonly number[],
): readonly ReadonlySet<number>[] {
  const removed = new Set<number>();
  const weakestFirst = [...new Set(fronts.flatMap((front) => [...front]))].sort(
    (a, b) => (means[a] ?? 0) - (means[b] ?? 0) || a - b,
  );
  const isCovered = (candidate: number): boolean =>
    fronts.every(
      (front) => !front.has(candidate) || [...front].some((other) => other !== candidate && !removed.has(other)),
    );
  for (let found: number | undefined = 0; found !== undefined; ) {
    found = weakestFirst.find((candidate) => !removed.has(candidate) && isCovered(candidate));
    if (found !== undefined) removed.add(found);
  }
  return fronts.map((front) => new Set([...front].filter((candidate) => !removed.has(candidate))));
}

/** Each candidate as often as it wins a task: drawing from it is drawing by wins. */
export function ticketsOf(candidates: readonly Scores[], means: readonly number[]): readonly number[] {
  const tickets = prune(frontsOf(candidates), means).flatMap((front) => [...front]);
  return tickets.length === 0 ? candidates.map((_, index) => index) : tickets.sort((a, b) => a - b);
}

/** Two different candidates by wins; undefined when only one wins anything. */
export function drawPair(tickets: readonly number[], random: Random): readonly [number, number] | undefined {
  if (tickets.length === 0) return undefined;
  const first = random.pick(tickets);
  const others = tickets.filter((candidate) => candidate !== first);
  return others.length === 0 ? undefined : [first, random.pick(others)];
}
