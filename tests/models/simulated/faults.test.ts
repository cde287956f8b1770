import { describe, expect, it } from 'vitest';
import { errorBody, faultPlanSchema, faultsOf } from '../../../src/models/simulated/faults.ts';

const numbers = Array.from({ length: 12 }, (_, index) => index + 1);

function hit(fault: { readonly [key: string]: unknown }, part = 'agent'): number[] {
  const plan = faultPlanSchema.parse([{ kind: 'drop', ...fault }]);
  return numbers.filter((number) => faultsOf(plan, number, part).length > 0);
}

describe('a fault plan', () => {
  it('concerns every request unless it says otherwise', () => {
    expect(hit({})).toEqual(numbers);
  });

  it('concerns every nth request, within a range, or the ones that it lists', () => {
    expect(hit({ every: 4 })).toEqual([4, 8, 12]);
    expect(hit({ every: 4, from: 5, to: 11 })).toEqual([8]);
    expect(hit({ requests: [2, 7] })).toEqual([2, 7]);
  });

  it('concerns one part of the run when it names it', () => {
    expect(hit({ role: 'judge' })).toEqual([]);
    expect(hit({ role: 'judge' }, 'judge')).toEqual(numbers);
  });

  it('gives usual error codes for a status', () => {
    expect(errorBody(429).error.code).toBe('rate_limit_exceeded');
    expect(errorBody(429, 'insufficient_quota').error.code).toBe('insufficient_quota');
    expect(errorBody(401).error.code).toBe('invalid_api_key');
    expect(errorBody(500).error.type).toBe('server_error');
  });
});
