/** Tokens of one model call or of many. Counts as the provider reports them; `input` includes `cached`. */
export type Usage = {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
  /** True when the provider reported nothing and the counts are characters / 4. */
  readonly estimated: boolean;
};

export const NO_USAGE: Usage = { input: 0, output: 0, cached: 0, reasoning: 0, estimated: false };

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cached: a.cached + b.cached,
    reasoning: a.reasoning + b.reasoning,
    estimated: a.estimated || b.estimated,
  };
}

/** Money is integer micro-dollars; null is "unknown", which is never treated as 0. */
export type MicroUsd = number | null;

export function addCost(a: MicroUsd, b: MicroUsd): MicroUsd {
  return a === null || b === null ? null : a + b;
}
