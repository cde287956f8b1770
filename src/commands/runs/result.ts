import { isJsonObject, type Json } from '../../core/json.ts';
import type { Run } from '../../stores/store.ts';

export type ResultScore = {
  readonly promptId: string;
  readonly score: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number;
};

/** The parts of a stored result that are shown; null where the run has none yet. */
export type RunResult = {
  readonly baseline: ResultScore | null;
  readonly best: ResultScore | null;
  readonly verdict: string | null;
  /** Whether the scores come from the simulated model. */
  readonly simulated: boolean;
};

/** Reads the result by its documented keys; a run of another version may lack some. */
export function resultOf(run: Run): RunResult {
  const { baseline = null, best = null, verdict = null } = run.result ?? {};
  return {
    baseline: scoreOf(baseline),
    best: scoreOf(best),
    verdict: typeof verdict === 'string' ? verdict : null,
    simulated: run.result?.simulated === true,
  };
}

function scoreOf(value: Json): ResultScore | null {
  if (!isJsonObject(value) || typeof value.promptId !== 'string') return null;
  const { promptId, score, interval, n } = value;
  return {
    promptId,
    score: typeof score === 'number' ? score : null,
    interval:
      Array.isArray(interval) && typeof interval[0] === 'number' && typeof interval[1] === 'number'
        ? [interval[0], interval[1]]
        : null,
    n: typeof n === 'number' ? n : 0,
  };
}
