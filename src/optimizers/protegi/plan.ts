import { clamp } from '../shared/rounds.ts';
import type { ProtegiOptions } from './options.ts';

/** What one round does. With the source's numbers a round costs 2,304 rollouts; a budget scales it down. */
export type Plan = {
  readonly rounds: number;
  readonly beamWidth: number;
  /** Training tasks on which a parent is run to find its errors. */
  readonly minibatch: number;
  /** Children of a parent that are tried. */
  readonly children: number;
  /** Rollouts for choosing among the candidates, and how UCB spends them. */
  readonly pulls: number;
  readonly armsPerRound: number;
  readonly samples: number;
};

/** Below this many rollouts a round can tell little. */
export const LEAST_ROUND = 90;
/** Share of a scaled round that goes to finding errors. */
const ERROR_SHARE = 0.3;
const LEAST_SAMPLES = 4;

/**
 * Keeps the shape of the source's rounds in a budget: first fewer rounds, then in each fewer pulls, then fewer candidates,
 * so that every candidate is still pulled about one and a half times.
 */
export function planRounds(options: ProtegiOptions, rounds: number, rollouts: number): Plan {
  const { beamWidth, minibatch, maxExpansion, evaluationRounds, promptsPerEvaluation, samples } = options;
  const full = evaluationRounds * promptsPerEvaluation * samples;
  const fullRound = beamWidth * minibatch + full;
  const affordable = clamp(Math.floor(rollouts / LEAST_ROUND), 1, rounds);
  const budget = rollouts / affordable;
  if (budget >= fullRound) {
    return {
      rounds: Math.max(affordable, Math.min(rounds, Math.floor(rollouts / fullRound))),
      beamWidth,
      minibatch,
      children: maxExpansion,
      pulls: full,
      armsPerRound: promptsPerEvaluation,
      samples,
    };
  }
  const pulls = Math.max(1, Math.floor(budget * (1 - ERROR_SHARE)));
  const scaled = clamp(Math.round(samples * Math.sqrt(pulls / full)), Math.min(LEAST_SAMPLES, samples), samples);
  const visits = Math.max(2, Math.floor(pulls / scaled));
  const width = clamp(Math.floor(visits / 5), 1, beamWidth);
  return {
    rounds: affordable,
    beamWidth: width,
    minibatch: clamp(Math.floor((budget * ERROR_SHARE) / width), 1, minibatch),
    children: clamp(Math.floor((visits / 1.5 - width) / width), 1, maxExpansion),
    pulls,
    armsPerRound: clamp(Math.floor(pulls / evaluationRounds / scaled), 1, promptsPerEvaluation),
    samples: scaled,
  };
}
