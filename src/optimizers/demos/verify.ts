import { deviation, mean } from '../../core/statistics.ts';

/** Tasks of the first comparison; each later one doubles them. */
const FIRST_BLOCK = 8;
/** Standard errors that the mean difference must lie above 0. */
const SURE_ENOUGH = 1;

/**
 * Compares a candidate with the best so far on ever more tasks and gives up as soon as it is not ahead: most candidates
 * cost one block. `differences` gives the paired differences on the first `count` tasks.
 */
export async function isBetter(
  tasks: number,
  differences: (count: number) => Promise<readonly number[]>,
): Promise<boolean> {
  for (let count = Math.min(FIRST_BLOCK, tasks); ; count = Math.min(2 * count, tasks)) {
    const found = await differences(count);
    if (found.length === 0 || mean(found) < 0) return false;
    if (count === tasks) return mean(found) > (SURE_ENOUGH * deviation(found)) / Math.sqrt(found.length);
  }
}
