/** A statement that somebody proposed, before it is in the pool. */
export type Proposal = {
  readonly text: string;
  /** The statement that it replaces, as quoted; '' for an addition. */
  readonly target: string;
  /** Nothing but the target's removal is proposed. */
  readonly removal: boolean;
  readonly critique: string;
  readonly operator: 'critic' | 'editor';
  /** Ids of the rollouts that support it. */
  readonly rollouts: readonly string[];
};
