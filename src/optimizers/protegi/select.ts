import type { Random } from '../../core/random.ts';

/** How the best prompts of a round are found with a limited number of rollouts. */
export const SELECTORS = ['ucb', 'ucb-e', 'successive-rejects', 'successive-halving', 'brute-force'] as const;
export type Selector = (typeof SELECTORS)[number];

export type Selection = {
  readonly selector: Selector;
  readonly arms: number;
  /** Pulls (one prompt on one task) that the selection may make. */
  readonly pulls: number;
  /** UCB: rounds, arms pulled in each, pulls of each, and the weight of exploration. */
  readonly rounds: number;
  readonly armsPerRound: number;
  readonly samples: number;
  readonly exploration: number;
  readonly random: Random;
  /** Runs each arm on the next `count` tasks, the same for all, and gives the sum and number of its rewards. */
  readonly pull: (arms: readonly number[], count: number) => Promise<readonly Pulled[]>;
};

export type Pulled = { readonly sum: number; readonly count: number };

/** The arms by what is known of them, best first, with their mean rewards. Ties keep the order of the arms. */
export type Ranking = readonly { readonly arm: number; readonly mean: number }[];

export async function select(selection: Selection): Promise<Ranking> {
  switch (selection.selector) {
    case 'ucb':
    case 'ucb-e':
      return selectByBounds(selection);
    case 'successive-rejects':
      return eliminate(selection, rejectPhases(selection.arms, selection.pulls));
    case 'successive-halving':
      return eliminate(selection, halvingPhases(selection.arms, selection.pulls));
    case 'brute-force':
      return eliminate(selection, [
        { samples: Math.max(1, Math.floor(selection.pulls / selection.arms)), survivors: 0 },
      ]);
  }
}

/**
 * Upper confidence bounds: mean + c * sqrt(ln(round) / pulls) (Auer et al. 2002), with `ucb-e` mean + c * sqrt(c / pulls)
 * (Audibert et al. 2010). What was never pulled comes first.
 */
async function selectByBounds(selection: Selection): Promise<Ranking> {
  const { arms, rounds, armsPerRound, samples, random } = selection;
  const tally = createTally(arms);
  for (let round = 1; round <= rounds; round++) {
    const bounds = Array.from({ length: arms }, (_, arm) => bound(selection, tally.of(arm), round));
    const chosen = random
      .shuffle(bounds.map((_, arm) => arm))
      .sort((a, b) => compare(bounds[b] ?? 0, bounds[a] ?? 0))
      .slice(0, armsPerRound)
      .sort((a, b) => a - b);
    tally.add(chosen, await selection.pull(chosen, samples));
  }
  return tally.ranking();
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

export function bound(
  { selector, exploration }: Pick<Selection, 'selector' | 'exploration'>,
  { sum, count }: Pulled,
  round: number,
): number {
  if (count === 0) return Number.POSITIVE_INFINITY;
  const width = selector === 'ucb-e' ? exploration / count : Math.log(round) / count;
  return sum / count + exploration * Math.sqrt(width);
}

type Phase = { readonly samples: number; readonly survivors: number };

/** Audibert, Bubeck and Munos 2010: one arm is dropped after each of K - 1 phases. */
export function rejectPhases(arms: number, pulls: number): readonly Phase[] {
  if (arms < 2) return [{ samples: Math.max(1, pulls), survivors: 0 }];
  let log = 0.5;
  for (let k = 2; k <= arms; k++) log += 1 / k;
  let done = 0;
  return Array.from({ length: arms - 1 }, (_, index) => {
    const total = Math.max(1, Math.ceil(Math.max(0, pulls - arms) / log / (arms - index)));
    const samples = Math.max(0, total - done);
    done = Math.max(done, total);
    return { samples, survivors: arms - index - 1 };
  });
}

/** Karnin, Koren and Somekh 2013: each phase has the same share of the pulls and drops half of the arms. */
export function halvingPhases(arms: number, pulls: number): readonly Phase[] {
  const count = Math.max(1, Math.ceil(Math.log2(Math.max(2, arms))));
  const phases: Phase[] = [];
  for (let left = arms, phase = 0; phase < count; phase++) {
    const survivors = Math.ceil(left / 2);
    phases.push({ samples: Math.max(1, Math.floor(pulls / count / left)), survivors });
    left = survivors;
  }
  return phases;
}

/** Pulls all arms that are left in each phase and drops the worst; what lasted longer ranks higher. */
async function eliminate({ arms, pull }: Selection, phases: readonly Phase[]): Promise<Ranking> {
  const tally = createTally(arms);
  let left = Array.from({ length: arms }, (_, arm) => arm);
  const dropped: number[] = [];
  for (const { samples, survivors } of phases) {
    if (samples > 0) tally.add(left, await pull(left, samples));
    const ranked = tally.ranking().filter(({ arm }) => left.includes(arm));
    if (survivors === 0) continue;
    dropped.unshift(...ranked.slice(survivors).map(({ arm }) => arm));
    left = ranked
      .slice(0, survivors)
      .map(({ arm }) => arm)
      .sort((a, b) => a - b);
  }
  const best = tally.ranking().filter(({ arm }) => left.includes(arm));
  return [...best, ...dropped.map((arm) => ({ arm, mean: meanOf(tally.of(arm)) }))];
}

function meanOf({ sum, count }: Pulled): number {
  return count === 0 ? -1 : sum / count;
}

function createTally(arms: number) {
  const results: Pulled[] = Array.from({ length: arms }, () => ({ sum: 0, count: 0 }));
  const of = (arm: number): Pulled => results[arm] ?? { sum: 0, count: 0 };
  return {
    of,
    add(chosen: readonly number[], pulled: readonly Pulled[]): void {
      for (const [index, arm] of chosen.entries()) {
        const { sum = 0, count = 0 } = pulled[index] ?? {};
        results[arm] = { sum: of(arm).sum + sum, count: of(arm).count + count };
      }
    },
    ranking: (): Ranking =>
      results.map((result, arm) => ({ arm, mean: meanOf(result) })).sort((a, b) => b.mean - a.mean || a.arm - b.arm),
  };
}
