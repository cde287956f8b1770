/** What `--strategy` names. They are optimizers to the engine, on top of one that `--algorithm` names. */
export const STRATEGIES = ['domain', 'progressive', 'components'] as const;
export type Strategy = (typeof STRATEGIES)[number];
