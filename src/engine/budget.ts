import { ApoError } from '../core/errors.ts';
import type { MicroUsd, Usage } from '../core/usage.ts';

export type BudgetLimits = {
  readonly rollouts?: number;
  readonly calls?: number;
  /** Input and output together. */
  readonly tokens?: number;
  readonly costMicroUsd?: number;
  readonly milliseconds?: number;
};

export type Spent = { readonly calls: number; readonly tokens: number; readonly costMicroUsd: MicroUsd };

/** The upper bound of one call, known before it is sent. */
export type Reservation = { readonly tokens: number; readonly costMicroUsd: MicroUsd };

/**
 * Hard limits: what a call may cost at most is reserved before it is sent, so that no call starts that could pass them.
 * What was spent before a resume counts.
 */
export type Budget = {
  /** Claims rollouts, all or none. @throws ApoError `budget-reached` */
  claimRollouts(count: number): void;
  remainingRollouts(): number;
  rollouts(): number;
  /** Reserves one call and returns how to settle it. @throws ApoError `budget-reached` */
  reserve(reservation: Reservation): (usage: Usage, costMicroUsd: MicroUsd) => void;
};

export function createBudget(limits: BudgetLimits, already: Spent, elapsed: () => number): Budget {
  let rollouts = 0;
  let { calls, tokens } = already;
  let cost = already.costMicroUsd ?? 0;
  let reservedTokens = 0;
  let reservedCost = 0;

  function refuse(what: string, limit: string, flag: string): never {
    throw new ApoError('budget-reached', `budget of ${limit} ${what} is reached`, {
      hint: `resume with a larger ${flag}`,
    });
  }

  return {
    rollouts: () => rollouts,
    remainingRollouts: () => (limits.rollouts ?? Number.POSITIVE_INFINITY) - rollouts,
    claimRollouts(count) {
      if (limits.rollouts !== undefined && rollouts + count > limits.rollouts) {
        refuse('rollouts', String(limits.rollouts), '--max-rollouts');
      }
      rollouts += count;
    },
    reserve(reservation) {
      if (limits.calls !== undefined && calls + 1 > limits.calls) refuse('calls', String(limits.calls), '--max-calls');
      if (limits.tokens !== undefined && tokens + reservedTokens + reservation.tokens > limits.tokens) {
        refuse('tokens', String(limits.tokens), 'budget.tokens');
      }
      if (limits.milliseconds !== undefined && elapsed() >= limits.milliseconds) {
        refuse('minutes', String(limits.milliseconds / 60_000), 'budget.minutes');
      }
      if (limits.costMicroUsd !== undefined) {
        if (reservation.costMicroUsd === null) {
          throw new ApoError('config-invalid', 'a cost budget needs the price of every model, and one is unknown', {
            hint: 'add the model under prices: in the config, or limit --max-calls instead of --max-cost',
          });
        }
        if (cost + reservedCost + reservation.costMicroUsd > limits.costMicroUsd) {
          refuse('USD', String(limits.costMicroUsd / 1e6), '--max-cost');
        }
      }
      calls += 1;
      reservedTokens += reservation.tokens;
      reservedCost += reservation.costMicroUsd ?? 0;
      return (usage, costMicroUsd) => {
        reservedTokens -= reservation.tokens;
        reservedCost -= reservation.costMicroUsd ?? 0;
        tokens += usage.input + usage.output;
        cost += costMicroUsd ?? 0;
      };
    },
  };
}
