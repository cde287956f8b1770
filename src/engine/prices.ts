import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { MicroUsd, Usage } from '../core/usage.ts';

const rates = z.object({
  input: z.number().nonnegative(),
  /** Input that the provider had in its cache. Default: the price of `input`. */
  cachedInput: z.number().nonnegative().optional(),
  output: z.number().nonnegative(),
  /** Thinking tokens, which `output` includes. Default: the price of `output`, as all providers of the table charge. */
  reasoning: z.number().nonnegative().optional(),
});

/** USD per million tokens, which is micro-dollars per token. */
export type Rates = z.output<typeof rates>;

const table = z.object({
  /** Day of the prices; the table is no oracle, the provider's bill is. */
  asOf: z.iso.date(),
  models: z.array(rates.extend({ model: z.string() })),
});

/** Dates and `-latest` behind a name mean the same price: `gpt-4o-2024-11-20`, `claude-haiku-4-5-20251001`. */
const VERSION_SUFFIX = /-(\d{4}-\d\d-\d\d|\d{8}|latest)$/;

/** Whether anything is paid at all: the simulated model costs 0 by definition. */
type Paid = { readonly simulated: boolean };

export type Prices = {
  /** Day of the built-in table, `YYYY-MM-DD`. */
  readonly asOf: string;
  /** What a call cost, rounded up; null when the model's price is unknown. */
  cost(model: string, usage: Usage, provider?: Paid): MicroUsd;
  /** The most that a call can cost: nothing cached, every output token used, at the dearest rate. Null when unknown. */
  reserve(model: string, inputTokens: number, maxOutputTokens: number, provider?: Paid): MicroUsd;
};

/**
 * Prices from the dated table beside this file. Overrides win; their keys are model names, or beginnings of names with a
 * `*` at the end (`llama*`; the longest match wins). Models of the user's own server are unknown unless overridden.
 */
export function createPrices(overrides: { readonly [model: string]: Rates } = {}): Prices {
  const { asOf, models } = table.parse(JSON.parse(readFileSync(new URL('./prices.json', import.meta.url), 'utf8')));
  const known = new Map(models.map(({ model, ...rest }) => [model, rest]));
  const patterns = Object.keys(overrides)
    .filter((pattern) => pattern.endsWith('*'))
    .sort((a, b) => b.length - a.length);

  function ratesOf(model: string): Rates | undefined {
    const own = Object.hasOwn(overrides, model) ? overrides[model] : undefined;
    const pattern = patterns.find((candidate) => model.startsWith(candidate.slice(0, -1)));
    return (
      own ??
      (pattern === undefined ? undefined : overrides[pattern]) ??
      known.get(model) ??
      known.get(model.replace(VERSION_SUFFIX, ''))
    );
  }

  return {
    asOf,
    cost(model, usage, provider) {
      if (provider?.simulated === true) return 0;
      const found = ratesOf(model);
      if (found === undefined) return null;
      const cached = Math.min(usage.cached, usage.input);
      const reasoning = Math.min(usage.reasoning, usage.output);
      return microUsd([
        [usage.input - cached, found.input],
        [cached, found.cachedInput ?? found.input],
        [usage.output - reasoning, found.output],
        [reasoning, found.reasoning ?? found.output],
      ]);
    },
    reserve(model, inputTokens, maxOutputTokens, provider) {
      if (provider?.simulated === true) return 0;
      const found = ratesOf(model);
      if (found === undefined) return null;
      return microUsd([
        [inputTokens, Math.max(found.input, found.cachedInput ?? 0)],
        [maxOutputTokens, Math.max(found.output, found.reasoning ?? 0)],
      ]);
    },
  };
}

/** Rates have at most this many digits that count; whole numbers of it keep the sum exact before it is rounded up. */
const RATE_UNITS = 1e6;

function microUsd(parts: readonly (readonly [tokens: number, rate: number])[]): number {
  const units = parts.reduce((sum, [tokens, rate]) => sum + tokens * Math.round(rate * RATE_UNITS), 0);
  return Math.ceil(units / RATE_UNITS);
}
