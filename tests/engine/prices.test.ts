import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_USAGE, type Usage } from '../../src/core/usage.ts';
import { createPrices } from '../../src/engine/prices.ts';

const usage = (parts: Partial<Usage>): Usage => ({ ...NO_USAGE, ...parts });

describe('prices', () => {
  it('charges fresh input, cached input and output at their own rates', () => {
    const spent = usage({ input: 1_000_000, cached: 400_000, output: 10_000, reasoning: 4000 });
    // 600,000 x 0.15 + 400,000 x 0.075 + 10,000 x 0.60 micro-dollars
    expect(createPrices().cost('gpt-4o-mini', spent)).toBe(90_000 + 30_000 + 6000);
  });

  it('charges reasoning apart where an override says so', () => {
    const prices = createPrices({ mine: { input: 1, output: 2, reasoning: 3 } });
    expect(prices.cost('mine', usage({ output: 100, reasoning: 40 }))).toBe(60 * 2 + 40 * 3);
  });

  it('rounds a part of a micro-dollar up, once per call and exactly', () => {
    expect(createPrices().cost('gpt-5-nano', usage({ input: 1, output: 1 }))).toBe(1);
    const tenth = createPrices({ m: { input: 0.1, output: 0 } });
    expect(tenth.cost('m', usage({ input: 30 }))).toBe(3);
    expect(tenth.cost('m', usage({ input: 31 }))).toBe(4);
  });

  it.each([
    ['gpt-4o-2024-11-20', 2_500_000],
    ['gpt-4o-2024-05-13', 5_000_000],
    ['claude-haiku-4-5-20251001', 1_000_000],
    ['gpt-4o-audio-preview', null],
    ['gpt-5-pro', null],
    ['ft:gpt-4o-mini:me::1', null],
    ['llama3.2', null],
    ['constructor', null],
  ])('a million input tokens of %s cost %s', (model, expected) => {
    expect(createPrices().cost(model, usage({ input: 1_000_000 }))).toBe(expected);
  });

  it('lets overrides win, the exact name before the longest pattern', () => {
    const rate = (input: number) => ({ input, output: 0 });
    const prices = createPrices({ 'gpt-4o': rate(9), 'gpt-*': rate(7), 'gpt-4*': rate(8) });
    const million = usage({ input: 1 });
    expect(['gpt-4o', 'gpt-4o-mini', 'gpt-5'].map((model) => prices.cost(model, million))).toEqual([9, 8, 7]);
  });

  it('the simulated model costs nothing, whatever it is called', () => {
    const simulated = { simulated: true };
    expect(createPrices().cost('gpt-4o', usage({ input: 100 }), simulated)).toBe(0);
    expect(createPrices().reserve('sim-agent', 100, 100, simulated)).toBe(0);
  });

  it('an unknown model has no reservation either', () => {
    expect(createPrices().reserve('llama3.2', 1, 1)).toBeNull();
  });

  it('no call costs more than its reservation', () => {
    const tokens = fc.nat(1_000_000);
    const rate = fc.double({ min: 0, max: 200, noNaN: true });
    fc.assert(
      fc.property(
        fc.record({ input: tokens, output: tokens, cached: tokens, reasoning: tokens, estimated: fc.boolean() }),
        fc.record(
          { input: rate, output: rate, cachedInput: rate, reasoning: rate },
          { requiredKeys: ['input', 'output'] },
        ),
        (spent, rates) => {
          const prices = createPrices({ m: rates });
          const reserved = prices.reserve('m', spent.input, spent.output) ?? 0;
          expect(prices.cost('m', spent)).toBeLessThanOrEqual(reserved);
        },
      ),
    );
  });

  it('the table names its day and the source of every price', async () => {
    const { default: table } = await import('../../src/engine/prices.json');
    expect(createPrices().asOf).toBe(table.asOf);
    for (const { model, source } of table.models) expect(Object.keys(table.sources), model).toContain(source);
  });
});
