import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApoError } from '../../src/core/errors.ts';
import { createBudget } from '../../src/engine/budget.ts';
import { ModelError } from '../../src/models/model.ts';
import { createEngine, IMPATIENT, usage } from '../helpers/engine.ts';

const NOTHING = { calls: 0, tokens: 0, costMicroUsd: 0 };
const never = new AbortController().signal;

describe('budget', () => {
  it('R16 no call starts that could pass a limit, whatever calls cost and in which order they end', async () => {
    const call = fc.record({
      bound: fc.integer({ min: 1, max: 400 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 40 }),
        fc.record({
          tokens: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
          costMicroUsd: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
          calls: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
        }),
        fc.scheduler(),
        async (calls, given, scheduler) => {
          const limits = Object.fromEntries(Object.entries(given).filter(([, limit]) => limit !== undefined));
          const budget = createBudget(limits, NOTHING, () => 0);
          const spent = { calls: 0, tokens: 0, cost: 0 };
          const couldBe = { tokens: 0, cost: 0 };
          const work = calls.map(async ({ bound, share }) => {
            const settle = await budget.reserve({ tokens: bound, costMicroUsd: 2 * bound }, never);
            spent.calls++;
            couldBe.tokens += bound;
            couldBe.cost += 2 * bound;
            expect(couldBe.tokens).toBeLessThanOrEqual(given.tokens ?? Number.POSITIVE_INFINITY);
            expect(couldBe.cost).toBeLessThanOrEqual(given.costMicroUsd ?? Number.POSITIVE_INFINITY);
            expect(spent.calls).toBeLessThanOrEqual(given.calls ?? Number.POSITIVE_INFINITY);
            await scheduler.schedule(Promise.resolve());
            const used = Math.floor(bound * share);
            couldBe.tokens += used - bound;
            couldBe.cost += 2 * (used - bound);
            settle(used, 2 * used);
          });
          const ends = await scheduler.waitFor(Promise.allSettled(work));
          for (const end of ends) if (end.status === 'rejected') expect(end.reason.code).toBe('budget-reached');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('R16 rollouts are claimed all or none', () => {
    const budget = createBudget({ rollouts: 10 }, NOTHING, () => 0);
    budget.claimRollouts(8);
    expect(() => budget.claimRollouts(3)).toThrow(/budget of 10 rollouts/);
    expect(budget.rollouts()).toBe(8);
    budget.claimRollouts(2);
  });

  it('R16 after the wall time no call starts', async () => {
    let elapsed = 0;
    const budget = createBudget({ milliseconds: 60_000 }, NOTHING, () => elapsed);
    await budget.reserve({ tokens: 1, costMicroUsd: 1 }, never);
    elapsed = 60_000;
    await expect(budget.reserve({ tokens: 1, costMicroUsd: 1 }, never)).rejects.toThrow(/budget of 1 minutes/);
  });

  it('R16 what was spent before a resume counts', async () => {
    const budget = createBudget({ tokens: 100 }, { ...NOTHING, tokens: 95 }, () => 0);
    await expect(budget.reserve({ tokens: 6, costMicroUsd: 0 }, never)).rejects.toThrow(/budget of 100 tokens/);
  });
});

describe('calls on a budget', () => {
  it.each([{ tokens: 30_000 }, { costMicroUsd: 30_000 }])(
    'R16 stay below %o, use nearly all of it, and send an output limit',
    async (limits) => {
      let spent = 0;
      const caps = new Set<number | undefined>();
      const engine = await createEngine({
        limits,
        async chat({ maxOutputTokens = Number.POSITIVE_INFINITY }) {
          caps.add(maxOutputTokens);
          const output = Math.min(maxOutputTokens, spent % 2 === 0 ? 4096 : 300);
          spent += 20 + output;
          return { usage: usage(20, output) };
        },
      });
      const ends = await Promise.allSettled(Array.from({ length: 60 }, (_, index) => engine.ask(`question ${index}`)));
      expect(spent).toBeLessThanOrEqual(30_000);
      expect(spent).toBeGreaterThan(30_000 - 4096 - 200);
      expect([...caps]).toEqual([4096]);
      expect(engine.stop.reason?.code).toBe('budget-reached');
      expect(ends.some(({ status }) => status === 'fulfilled')).toBe(true);
    },
  );

  it('R16 no output limit is sent without such a budget, and a configured one always is', async () => {
    const caps: (number | undefined)[] = [];
    const chat = async ({ maxOutputTokens }: { readonly maxOutputTokens?: number }): Promise<string> => {
      caps.push(maxOutputTokens);
      return 'ok';
    };
    await (await createEngine({ chat, limits: { calls: 5 } })).ask('a');
    await (await createEngine({ chat, limits: { tokens: 50_000 }, maxOutputTokens: 77 })).ask('b');
    expect(caps).toEqual([undefined, 77]);
  });

  it('R16 an attempt that timed out may have been paid for: it is spent, and in doubt with its highest cost', async () => {
    let sent = 0;
    const engine = await createEngine({
      clock: IMPATIENT,
      limits: { costMicroUsd: 1_000_000 },
      maxOutputTokens: 1000,
      async chat() {
        if (++sent === 2) throw new ModelError('timeout', 'no complete reply within 120 s');
        return 'ok';
      },
    });
    await engine.ask('first');
    await engine.ask('second');
    await engine.caller.idle();
    const totals = await engine.store.journal.totals('run');
    expect(totals).toMatchObject({ calls: { agent: 2 }, costMicroUsd: 40, inDoubt: 1, inDoubtMicroUsd: 20 });
  });

  it('R16 a call that fails for good after it was sent is in doubt with what it may have cost', async () => {
    const engine = await createEngine({
      clock: IMPATIENT,
      maxOutputTokens: 1000,
      async chat({ messages }) {
        if (messages[0]?.content === 'bad') throw new ModelError('protocol', 'not JSON');
        return 'ok';
      },
    });
    await engine.ask('good');
    await expect(engine.ask('bad')).rejects.toThrow(/not JSON/);
    await engine.caller.idle();
    const { inDoubt, inDoubtMicroUsd, costMicroUsd } = await engine.store.journal.totals('run');
    expect({ inDoubt, costMicroUsd }).toEqual({ inDoubt: 2, costMicroUsd: 20 });
    expect(inDoubtMicroUsd).toBeGreaterThanOrEqual(2 * 1000);
  });

  it('R04 a call that waits for the budget ends when the run is asked to stop', async () => {
    const engine = await createEngine({
      limits: { tokens: 5000 },
      chat: (_request, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject)),
    });
    const calls = [engine.ask('one'), engine.ask('two')];
    for (const call of calls) call.catch(() => undefined);
    await new Promise(setImmediate);
    engine.stop.request(new ApoError('interrupted', 'stop'));
    await expect(calls[1]).rejects.toThrow('stop');
    engine.stop.abort();
    await expect(calls[0]).rejects.toThrow('stop');
  });
});
