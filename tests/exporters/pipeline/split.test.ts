import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bond, createSplitter } from '../../../src/exporters/pipeline/split.ts';

const bonds: fc.Arbitrary<readonly Bond[]> = fc.array(
  fc.record({
    sessionHash: fc.nat(12).map((n) => `s${n}`),
    userHash: fc.option(fc.nat(5).map((n) => `u${n}`)),
  }),
  { minLength: 1, maxLength: 60 },
);

function split(given: readonly Bond[], share: number): readonly ('train' | 'val')[] {
  const splitter = createSplitter(share);
  for (const bond of given) splitter.add(bond);
  return given.map((bond) => splitter.sideOf(bond));
}

describe('split for training and validation', () => {
  it('has no session and no user on both sides', () => {
    fc.assert(
      fc.property(bonds, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (given, share) => {
        const sides = split(given, share);
        for (const key of ['sessionHash', 'userHash'] as const) {
          const seen = new Map<string, string>();
          given.forEach((bond, index) => {
            const name = bond[key];
            if (name === null) return;
            expect(seen.get(name) ?? sides[index]).toBe(sides[index]);
            seen.set(name, sides[index] ?? '');
          });
        }
      }),
    );
  });

  it('does not depend on the order of the samples', () => {
    fc.assert(
      fc.property(bonds, (given) => {
        const reversed = split([...given].reverse(), 0.3).toReversed();
        expect(reversed).toEqual(split(given, 0.3));
      }),
    );
  });

  it('comes close to the share and leaves neither side empty', () => {
    const given = Array.from({ length: 1_000 }, (_, index) => ({ sessionHash: `s${index}`, userHash: null }));
    expect(split(given, 0.2).filter((side) => side === 'val')).toHaveLength(200);
    const two = split(given.slice(0, 2), 0.01);
    expect([...two].sort()).toEqual(['train', 'val']);
  });
});
