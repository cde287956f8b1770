import type { Candidate } from '../../optimizers/optimizer.ts';
import type { RolloutScore } from '../../stores/store.ts';

export type CandidateSummary = {
  readonly promptId: string;
  readonly components: { readonly [name: string]: string };
  readonly parents: readonly string[];
  readonly iteration: number;
  readonly operator: string;
  readonly critique: string | null;
  readonly rejected: string | null;
  /** Mean of its scored rollouts by split; null without any. */
  readonly train: SplitScore;
  readonly val: SplitScore;
};

export type SplitScore = { readonly mean: number | null; readonly scored: number; readonly unscored: number };

/** Candidates in the order of their making, each with what its rollouts say. */
export function summarise(
  candidates: readonly Candidate[],
  scores: readonly RolloutScore[],
): readonly CandidateSummary[] {
  const byPrompt = groupBy(scores, ({ promptId }) => promptId);
  return candidates.map(({ prompt, parents, iteration, operator, critique, rejected }) => {
    const own = byPrompt.get(prompt.id) ?? [];
    return {
      promptId: prompt.id,
      components: prompt.components,
      parents,
      iteration,
      operator,
      critique,
      rejected,
      train: scoreOf(own.filter(({ split }) => split === 'train')),
      val: scoreOf(own.filter(({ split }) => split === 'val')),
    };
  });
}

export function scoreOf(rollouts: readonly RolloutScore[]): SplitScore {
  const scores = rollouts.map(({ score }) => score).filter((score) => score !== null);
  return {
    mean: scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    scored: scores.length,
    unscored: rollouts.length - scores.length,
  };
}

/** Map.groupBy, which Node 20 lacks. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
