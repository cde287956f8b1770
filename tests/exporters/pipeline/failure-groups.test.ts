import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Failure, groupFailures } from '../../../src/exporters/pipeline/failure-groups.ts';

const CAUSES: readonly (readonly [string, readonly string[]])[] = [
  [
    'unit',
    ['The unit of the temperature is missing', 'temperature without unit', 'missing unit for the temperature 12'],
  ],
  [
    'refund',
    ['Promised a refund against policy', 'the refund policy forbids this refund', 'policy: no refund after 30 days'],
  ],
  [
    'timeout',
    ['tool search timeout after 30 seconds', 'timeout of the search tool', 'search tool: timeout 12 seconds'],
  ],
];

const failures: readonly Failure[] = CAUSES.flatMap(([cause, texts]) =>
  texts.map((text, index) => ({ id: `${cause}-${index}`, score: index / 10, text })),
);

const members = (given: readonly Failure[]) =>
  groupFailures(given).map((group) => [group.name, group.members.map(({ id }) => id).sort()]);

describe('groups of failures', () => {
  it('hold what has one cause, under its most telling words', () => {
    const groups = groupFailures(failures);
    expect(groups.map((group) => group.members.map(({ id }) => id.split('-')[0]))).toEqual(
      [
        ['unit', 'unit', 'unit'],
        ['refund', 'refund', 'refund'],
        ['timeout', 'timeout', 'timeout'],
      ].toSorted((a, b) => order(groups, a[0]) - order(groups, b[0])),
    );
    for (const { name, members } of groups) expect(name).toContain(members[0]?.id.split('-')[0]);
  });

  it('put what resembles nothing else into "other", last', () => {
    const odd = { id: 'odd', score: 0, text: 'Zebra' };
    expect(members([odd, ...failures]).at(-1)).toEqual(['other', ['odd']]);
  });

  it('do not depend on the order of the failures', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...failures], { minLength: failures.length }), (shuffled) => {
        expect(members(shuffled)).toEqual(members(failures));
      }),
    );
  });

  it('hold every failure exactly once, under different names', () => {
    const failure = fc.record({ id: fc.uuid(), score: fc.constantFrom(0, 0.5), text: fc.lorem({ maxCount: 8 }) });
    fc.assert(
      fc.property(fc.uniqueArray(failure, { selector: ({ id }) => id }), (given) => {
        const groups = groupFailures(given);
        expect(groups.flatMap((group) => group.members.map(({ id }) => id)).sort()).toEqual(
          given.map(({ id }) => id).sort(),
        );
        expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
      }),
    );
  });
});

function order(groups: readonly { readonly members: readonly Failure[] }[], cause: string | undefined): number {
  return groups.findIndex(({ members }) => members[0]?.id.startsWith(`${cause}-`));
}
