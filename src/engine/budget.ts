import { setMaxListeners } from 'node:events';
import { ApoError } from '../core/errors.ts';
import type { MicroUsd } from '../core/usage.ts';
import { createOutlook, KeptBudget, type SoftLimits } from './outlook.ts';

export type BudgetLimits = SoftLimits & { readonly rollouts?: number };

export type Spent = {
  readonly calls: number;
  readonly tokens: number;
  readonly costMicroUsd: MicroUsd;
  /** Rollouts of an earlier plan of the run, paid for whether they are used again or not. Default 0. */
  readonly rollouts?: number;
};

/** The upper bound of one call, known before it is sent. */
export type Reservation = {
  /** False for another attempt of a call that was counted before. Default true. */
  readonly isNew?: boolean;
  /** Whether a rollout makes it, not the search for prompts. Default true. */
  readonly isOfRollout?: boolean;
  readonly tokens: number;
  readonly costMicroUsd: MicroUsd;
};

/** Replaces a reservation by what the call really took. Only the first time counts. */
export type Settle = (tokens: number, costMicroUsd: MicroUsd) => void;

/**
 * Hard limits: what a call may cost at most is reserved before it is sent, so that no call starts that could pass them.
 * What was spent before a resume counts, but for time.
 */
export type Budget = {
  /** Whether replies need a length limit, because nothing else bounds what a call may cost. */
  readonly limitsOutput: boolean;
  /** Whether calls, tokens or cost are limited: how many rollouts that pays for is known when one has ended. */
  readonly limitsSpending: boolean;
  /**
   * Claims rollouts, all or none, of which `known` are among those paid for under another limit, and `made` were made before a
   * resume: these take nothing any more. @throws ApoError `budget-reached`
   */
  claimRollouts(count: number, known?: number, made?: number): void;
  remainingRollouts(): number;
  rollouts(): number;
  /** To be told when a claimed rollout has ended; `isNew` is false when it was made before a resume. */
  endRollout(isNew: boolean): void;
  /** Why `wanted` more rollouts do not fit when what `kept` rollouts need stays untouched; see `shortage` of an outlook. */
  shortage(wanted: number, kept: number): KeptBudget | undefined;
  /** How many rollouts a share of the limits other than that of rollouts pays for; Infinity when that is not known. */
  affordable(share: number): number;
  /** From now on calls of the search are refused where they would take what so many rollouts need. */
  keep(rollouts: number): void;
  /**
   * Reserves one call. Waits while it does not fit only because of what others have reserved and may not need.
   * @throws KeptBudget when a call of the search would take what is kept
   * @throws ApoError `budget-reached` when it cannot fit; the signal's reason when aborted
   */
  reserve(reservation: Reservation, signal: AbortSignal): Promise<Settle>;
  /** A call that was paid for before a resume, and what it took: nothing is spent, but what is expected of others rests on it. */
  replay(reservation: Reservation, tokens: number, costMicroUsd: MicroUsd): void;
};

export function createBudget(limits: BudgetLimits, already: Spent, elapsed: () => number): Budget {
  const { tokens: maxTokens = Number.POSITIVE_INFINITY, costMicroUsd: maxCost = Number.POSITIVE_INFINITY } = limits;
  let rollouts = 0;
  let freshRollouts = 0;
  let { calls, tokens } = already;
  let cost = already.costMicroUsd ?? 0;
  let reservedTokens = 0;
  let reservedCost = 0;
  let waiting: (() => void)[] = [];
  const outlook = createOutlook(limits, elapsed);
  const limitsOutput = limits.tokens !== undefined || limits.costMicroUsd !== undefined;
  /** Rollouts claimed that have not ended, but for those made before a resume. */
  let open = 0;
  let keptRollouts = 0;
  const spent = () => ({ calls, tokens, costMicroUsd: cost });

  function refuse(Refusal: typeof ApoError, what: string, limit: number, flag: string, why = ''): never {
    throw new Refusal('budget-reached', `budget of ${limit} ${what} is reached${why}`, {
      hint: `resume with a larger ${flag}`,
    });
  }

  function refuseWhatCannotFit(added: number, wanted: Reservation): void {
    // What is too much for a call of the search may still pay for the comparison at the end.
    const Refusal = wanted.isOfRollout === false ? KeptBudget : ApoError;
    if (limits.calls !== undefined && calls + added > limits.calls)
      refuse(Refusal, 'calls', limits.calls, '--max-calls');
    if (limits.milliseconds !== undefined && elapsed() >= limits.milliseconds) {
      refuse(Refusal, 'minutes', limits.milliseconds / 60_000, '--max-minutes');
    }
    if (tokens + wanted.tokens > maxTokens) {
      refuse(
        Refusal,
        'tokens',
        maxTokens,
        '--max-tokens',
        `: ${tokens} are spent, the next call may take ${wanted.tokens} with the longest answer allowed (maxOutputTokens)`,
      );
    }
    if (limits.costMicroUsd === undefined) return;
    if (wanted.costMicroUsd === null) {
      throw new ApoError('config-invalid', 'a cost budget needs the price of every model, and one is unknown', {
        hint: 'add the model under prices: in the config, or limit --max-calls instead of --max-cost',
      });
    }
    if (cost + wanted.costMicroUsd > maxCost) {
      const why = `: ${cost / 1e6} are spent, the next call may cost ${wanted.costMicroUsd / 1e6} with the longest answer allowed (maxOutputTokens)`;
      refuse(Refusal, 'USD', maxCost / 1e6, '--max-cost', why);
    }
  }

  function released(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => reject(signal.reason);
      setMaxListeners(0, signal);
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(() => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
    });
  }

  return {
    limitsOutput,
    limitsSpending: limitsOutput || limits.calls !== undefined,
    rollouts: () => rollouts,
    endRollout(isNew) {
      if (isNew) open = Math.max(0, open - 1);
      outlook.endRollout(isNew);
    },
    shortage: (wanted, kept) => outlook.shortage(spent(), { open, wanted, asks: 0, kept }),
    affordable: (share) => outlook.affordable(spent(), share),
    keep(count) {
      keptRollouts = count;
    },
    remainingRollouts() {
      const limit = limits.rollouts ?? Number.POSITIVE_INFINITY;
      const unplanned = limit - rollouts;
      // As long as a resumed run only repeats itself, it has to see what it saw.
      return freshRollouts === 0 ? unplanned : Math.min(unplanned, limit - (already.rollouts ?? 0) - freshRollouts);
    },
    claimRollouts(count, known = 0, made = 0) {
      const fresh = freshRollouts + count - known;
      const paid = fresh === 0 ? 0 : (already.rollouts ?? 0) + fresh;
      if (limits.rollouts !== undefined && Math.max(rollouts + count, paid) > limits.rollouts) {
        refuse(ApoError, 'rollouts', limits.rollouts, '--max-rollouts');
      }
      if (rollouts === 0) outlook.beginRollouts();
      rollouts += count;
      open += count - made;
      freshRollouts = fresh;
    },
    replay({ isOfRollout, tokens: most, costMicroUsd: mostCost }, usedTokens, usedCost) {
      const end = outlook.begin(isOfRollout !== false, { calls: 1, tokens: most, costMicroUsd: mostCost ?? 0 });
      end({ calls: 1, tokens: usedTokens, costMicroUsd: usedCost ?? 0 });
    },
    async reserve(wanted, signal) {
      const added = wanted.isNew === false ? 0 : 1;
      const wantedCost = wanted.costMicroUsd ?? 0;
      const isOfRollout = wanted.isOfRollout !== false;
      for (;;) {
        signal.throwIfAborted();
        refuseWhatCannotFit(added, wanted);
        if (!isOfRollout && keptRollouts > 0) {
          const short = outlook.shortage(spent(), { open, wanted: 0, asks: added, kept: keptRollouts });
          if (short !== undefined) throw short;
        }
        const fits =
          tokens + reservedTokens + wanted.tokens <= maxTokens && cost + reservedCost + wantedCost <= maxCost;
        if (fits) break;
        await released(signal);
      }
      calls += added;
      reservedTokens += wanted.tokens;
      reservedCost += wantedCost;
      const end = outlook.begin(isOfRollout, { calls: added, tokens: wanted.tokens, costMicroUsd: wantedCost });
      let settled = false;
      return (usedTokens, usedCost) => {
        if (settled) return;
        settled = true;
        reservedTokens -= wanted.tokens;
        reservedCost -= wantedCost;
        tokens += usedTokens;
        cost += usedCost ?? 0;
        end({ calls: added, tokens: usedTokens, costMicroUsd: usedCost ?? 0 });
        const ready = waiting;
        waiting = [];
        for (const wake of ready) wake();
      };
    },
  };
}
