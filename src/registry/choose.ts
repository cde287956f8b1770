import type { BestPrompt } from './best-prompts.ts';

/** The label that decides what production agents load. */
export const PRODUCTION = 'production';

/**
 * The prompt to use: the one labelled `production`; without such a label the newest that its run called `improved`;
 * without one the newest. `history` is newest last.
 */
export function chooseBest<T extends Pick<BestPrompt, 'labels' | 'verdict'>>(history: readonly T[]): T | undefined {
  return (
    history.findLast(({ labels }) => labels.includes(PRODUCTION)) ??
    history.findLast(({ verdict }) => verdict === 'improved') ??
    history.at(-1)
  );
}
