import { ApoError } from '../core/errors.ts';

/** Limits of everything but rollouts, with which optimizers plan themselves. Left out, there is none. */
export type SoftLimits = {
  readonly calls?: number;
  /** Input and output together. */
  readonly tokens?: number;
  readonly costMicroUsd?: number;
  /** Of wall time, in this process: a resumed run has all of them again. */
  readonly milliseconds?: number;
};

type Amounts = { readonly calls: number; readonly tokens: number; readonly costMicroUsd: number };

/** The rest of a limit is kept for the final comparison: the search ends, the run does not yet. */
export class KeptBudget extends ApoError {}

/** What rollouts and the search's calls took so far, and so what is still to come. */
export type Outlook = {
  /** The first rollouts start: calls before them, which tried the grader, say nothing of what a rollout takes. */
  beginRollouts(): void;
  /** @param isNew false when the rollout was made before a resume, and so took no time of this process */
  endRollout(isNew: boolean): void;
  /**
   * A call starts that may take so much at most; to be told what it took. Also for a call that the journal answers: a resumed
   * run has to expect what it expected before it was stopped.
   */
  begin(isOfRollout: boolean, most: Amounts): (taken: Amounts) => void;
  /**
   * Why a step does not fit when what `kept` rollouts take stays untouched; undefined when it fits or nothing is limited.
   * @param step `open` rollouts are claimed and not ended, `wanted` shall be claimed, `asks` calls of the search shall start
   */
  shortage(
    spent: Amounts,
    step: { readonly open: number; readonly wanted: number; readonly asks: number; readonly kept: number },
  ): KeptBudget | undefined;
  /** How many rollouts a share of the limits pays for; Infinity without a limit. */
  affordable(spent: Amounts, share: number): number;
};

/** Rollouts of the final comparison may take somewhat more than those before. */
const MARGIN = 1.1;
/** What a rollout is thought to take before any has ended: it makes a call at least. */
const FIRST_ROLLOUT = { calls: 1, tokens: 0, costMicroUsd: 0 } as const;
const NOTHING = { calls: 0, tokens: 0, costMicroUsd: 0 } as const;

/** What is expected of one limit, in its own unit. */
type Line = {
  readonly limit: number;
  readonly spent: number;
  /** What a rollout takes with its share of the search. */
  readonly all: number;
  /** What it takes itself. */
  readonly one: number;
  /** What a call of the search takes. */
  readonly ask: number;
  /** What the search's calls under way will have taken. */
  readonly pending: number;
  /** Has to be free for the last call of a rollout, too: its upper bound is reserved. */
  readonly last: number;
  /** For people: the name of the limit, its flag, and how much of it is one of the flag's. */
  readonly what: string;
  readonly flag: string;
  readonly unit: number;
};

export function createOutlook(limits: SoftLimits, elapsed: () => number): Outlook {
  let ended = 0;
  let endedHere = 0;
  let rolledOut: Amounts = NOTHING;
  let searched: Amounts = NOTHING;
  let searching = 0;
  /** The largest upper bounds of a rollout's calls. */
  let largest: Amounts = NOTHING;

  function linesOf(spent: Amounts): readonly Line[] {
    const each = (amount: keyof Amounts, what: string, flag: string, unit: number): Line => {
      const one = ended === 0 ? FIRST_ROLLOUT[amount] : rolledOut[amount] / ended;
      // Not what is spent: a resumed run has spent it all before its first rollout ends once more.
      const all = ended === 0 ? one : one + searched[amount] / ended;
      const asked = searched.calls === 0 ? 0 : searched[amount] / searched.calls;
      // Calls count as soon as they start, and each is one.
      const [ask, pending, last] = amount === 'calls' ? [1, 0, 0] : [asked, asked * searching, largest[amount]];
      const limit = limits[amount] ?? Number.POSITIVE_INFINITY;
      return { limit, spent: spent[amount], all, one, ask, pending, last, what, flag, unit };
    };
    const time = endedHere === 0 ? 0 : elapsed() / endedHere;
    return [
      each('calls', 'calls', '--max-calls', 1),
      each('tokens', 'tokens', '--max-tokens', 1),
      each('costMicroUsd', 'USD', '--max-cost', 1e6),
      {
        limit: limits.milliseconds ?? Number.POSITIVE_INFINITY,
        spent: elapsed(),
        all: time,
        one: time,
        ask: 0,
        pending: 0,
        last: 0,
        what: 'minutes',
        flag: '--max-minutes',
        unit: 60_000,
      },
    ];
  }

  return {
    beginRollouts() {
      rolledOut = NOTHING;
    },
    endRollout(isNew) {
      ended += 1;
      if (isNew) endedHere += 1;
    },
    begin(isOfRollout, most) {
      if (isOfRollout) largest = largestOf(largest, most);
      else searching += 1;
      return (taken) => {
        if (isOfRollout) rolledOut = sum(rolledOut, taken);
        else {
          searching -= 1;
          searched = sum(searched, taken);
        }
      };
    },
    shortage(spent, { open, wanted, asks, kept }) {
      const short = linesOf(spent).find(({ limit, spent: already, all, one, ask, pending, last }) => {
        const toCome = pending + open * one + wanted * all + asks * ask;
        return already + toCome + kept * one * MARGIN + last > limit;
      });
      if (short === undefined) return undefined;
      const { limit, what, flag, unit } = short;
      const message = `budget of ${limit / unit} ${what} is reached, but for what the final comparison needs`;
      return new KeptBudget('budget-reached', message, { hint: `resume with a larger ${flag}` });
    },
    affordable(spent, share) {
      const counts = linesOf(spent).map(({ limit, one, last }) =>
        Math.floor((share * limit - last) / Math.max(one, 1e-9)),
      );
      return Math.min(Number.POSITIVE_INFINITY, ...counts);
    },
  };
}

function sum(a: Amounts, b: Amounts): Amounts {
  return { calls: a.calls + b.calls, tokens: a.tokens + b.tokens, costMicroUsd: a.costMicroUsd + b.costMicroUsd };
}

function largestOf(a: Amounts, b: Amounts): Amounts {
  return {
    calls: Math.max(a.calls, b.calls),
    tokens: Math.max(a.tokens, b.tokens),
    costMicroUsd: Math.max(a.costMicroUsd, b.costMicroUsd),
  };
}
