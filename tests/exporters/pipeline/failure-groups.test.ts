import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divideBySubject, type Failure, groupFailures } from '../../../src/exporters/pipeline/failure-groups.ts';

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

  it('are not named after what was redacted', () => {
    const refused = Array.from({ length: 3 }, (_, index) => ({
      id: `c${index}`,
      score: 0,
      text: `connection refused <IP_ADDRESS_${index}>:5432`,
    }));
    expect(groupFailures(refused).map(({ name }) => name)).toEqual(['connection-refused']);
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

describe('large groups that say nothing', () => {
  const TOPICS = [
    'How do I get a refund for order',
    'Convert this date to ISO:',
    'Write SQL that counts users in table',
  ];
  const same = Array.from({ length: 60 }, (_, index) => ({ id: `t${index}`, score: 0, text: 'differs' }));
  const topicOf = (id: string): number => Number(id.slice(1)) % TOPICS.length;
  const names = (given: readonly Failure[], categories: readonly (string | null)[]) =>
    divideBySubject(groupFailures(given), (id) => ({
      category: categories[topicOf(id)] ?? null,
      question: `${TOPICS[topicOf(id)]} ${id}`,
    })).map(({ name, members }) => [name, members.length, new Set(members.map(({ id }) => topicOf(id))).size]);

  it('are divided by category', () => {
    expect(names(same, ['refund', 'date', 'sql'])).toEqual([
      ['differs-refund', 20, 1],
      ['differs-date', 20, 1],
      ['differs-sql', 20, 1],
    ]);
  });

  it('are divided by the words of the questions where the tasks have no categories', () => {
    const divided = names(same, []);
    expect(divided.map(([, size, topics]) => [size, topics])).toEqual([
      [20, 1],
      [20, 1],
      [20, 1],
    ]);
    expect(divided.map(([name]) => name).join(' ')).toMatch(/differs-.*refund/);
  });

  it('stay whole where something else tells their members apart, or where they are small', () => {
    const told = same.map((failure, index) => ({ ...failure, text: `differs ${index % 2 === 0 ? 'wrong unit' : ''}` }));
    for (const name of names(told, ['a', 'b', 'c']).map(([given]) => String(given)))
      expect(name).not.toMatch(/-[abc]$/);
    expect(names(same.slice(0, 5), ['a', 'b', 'c'])).toEqual([['differs', 5, 3]]);
  });
});
