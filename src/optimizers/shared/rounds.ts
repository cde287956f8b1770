/**
 * How many iterations an optimizer may make. With a rollout budget the budget ends a run, as users of budgets expect,
 * unless they asked for another number of iterations than the default.
 */
export function iterationLimit(iterations: number, defaultIterations: number, remainingRollouts: number): number {
  const isBudgeted = Number.isFinite(remainingRollouts) && iterations === defaultIterations;
  return isBudgeted ? Number.POSITIVE_INFINITY : iterations;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
