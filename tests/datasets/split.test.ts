import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupOf, type Task, taskHash } from '../../src/core/task.ts';
import { splitTasks } from '../../src/datasets/split.ts';
import { loadTasks } from '../../src/datasets/tasks.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { makeTask } from '../helpers/task.ts';

const task = fc
  .record({
    input: fc.integer({ min: 0, max: 60 }),
    session: fc.option(fc.integer({ min: 0, max: 25 })),
    category: fc.constantFrom(null, 'a', 'b'),
    difficulty: fc.constantFrom(null, 'easy' as const, 'hard' as const),
  })
  .map(({ input, session, category, difficulty }) =>
    makeTask(`question ${input}`, {
      id: `${input}-${session}-${category}-${difficulty}`,
      category,
      difficulty,
      metadata: session === null ? {} : { session_id: `s${session}` },
    }),
  );
const tasks = fc.uniqueArray(task, { selector: ({ id }) => id, minLength: 1, maxLength: 80 });
const options = fc.record({ seed: fc.nat(1000), val: fc.constantFrom(0.2, 0.5), test: fc.constantFrom(0, 0.2) });

function contents(part: readonly Task[]): Set<string> {
  return new Set(part.map(taskHash));
}

/** Groups that sharing a session or a content ties together. */
function components(all: readonly Task[]): number {
  const names = all.map((one) => new Set([`group:${groupOf(one)}`, taskHash(one)]));
  const merged: Set<string>[] = [];
  for (const name of names) {
    const touching = merged.filter((group) => [...name].some((part) => group.has(part)));
    const union = new Set([...name, ...touching.flatMap((group) => [...group])]);
    merged.splice(0, merged.length, ...merged.filter((group) => !touching.includes(group)), union);
  }
  return merged.length;
}

describe('splitTasks', () => {
  it('covers all tasks once, keeps conversations and equal contents together, and leaves no side empty', () => {
    fc.assert(
      fc.property(tasks, options, (all, given) => {
        const sides = given.test > 0 ? 3 : 2;
        fc.pre(components(all) >= sides);
        const { train, val, test } = splitTasks(all, given);
        const parts = given.test > 0 ? [train, val, test] : [train, val];
        expect(parts.every((part) => part.length > 0)).toBe(true);
        expect([...train, ...val, ...test].map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted());
        for (const [at, part] of parts.entries()) {
          for (const other of parts.slice(at + 1)) {
            expect([...contents(part)].filter((hash) => contents(other).has(hash))).toEqual([]);
            const groups = new Set(other.map(groupOf));
            expect(part.filter((one) => groups.has(groupOf(one)))).toEqual([]);
          }
        }
      }),
    );
  });

  it('is the same for the same seed, whatever the order of the rows', () => {
    fc.assert(
      fc.property(
        tasks.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        options,
        ([all, shuffled], given) => {
          fc.pre(components(all) >= 3);
          expect(splitTasks(shuffled, given)).toEqual(splitTasks(all, given));
        },
      ),
    );
  });

  it('another seed gives another split', () => {
    const all = Array.from({ length: 100 }, (_, at) => makeTask(`q${at}`));
    expect(splitTasks(all, { seed: 1 }).val).not.toEqual(splitTasks(all, { seed: 2 }).val);
  });

  it('has the wanted sizes, in every category and difficulty', () => {
    const all = Array.from({ length: 500 }, (_, at) =>
      makeTask(`q${at}`, { category: ['a', 'b', 'c'][at % 3] ?? null, difficulty: at % 5 === 0 ? 'hard' : 'easy' }),
    );
    const { train, val, test } = splitTasks(all, { seed: 3, val: 0.2, test: 0.1 });
    expect([train.length, val.length, test.length]).toEqual([350, 100, 50]);
    for (const category of ['a', 'b', 'c']) {
      for (const difficulty of ['hard', 'easy']) {
        const count = (part: readonly Task[]) =>
          part.filter((one) => one.category === category && one.difficulty === difficulty).length;
        expect(Math.abs(count(val) - 0.2 * count(all))).toBeLessThanOrEqual(1);
      }
    }
  });

  it('one large conversation does not leave a side empty', () => {
    const large = Array.from({ length: 99 }, (_, at) => makeTask(`q${at}`, { metadata: { session_id: 'large' } }));
    const { train, val } = splitTasks([...large, makeTask('other')], { seed: 0 });
    expect([train.length, val.length].toSorted((a, b) => a - b)).toEqual([1, 99]);
  });

  it('a single conversation is split by task, and a warning says what that means', () => {
    const all = Array.from({ length: 100 }, (_, at) => makeTask(`q${at}`, { metadata: { session_id: 's' } }));
    const { val, warnings } = splitTasks(all, { seed: 0 });
    expect(val).toHaveLength(20);
    expect(warnings).toEqual([expect.stringContaining('too few conversations')]);
  });

  it('says what small sides mean', () => {
    const { warnings } = splitTasks(
      Array.from({ length: 10 }, (_, at) => makeTask(`q${at}`)),
      { seed: 0 },
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^8 training tasks/),
      expect.stringMatching(/^2 validation tasks .* below about 89 points/),
    ]);
  });

  it('one task, or one content, cannot be split', () => {
    expect(() => splitTasks([makeTask('a')], { seed: 0 })).toThrow(expect.objectContaining({ code: 'dataset-empty' }));
    expect(() => splitTasks([makeTask('a'), makeTask('a', { id: 'b' })], { seed: 0 })).toThrow(
      expect.objectContaining({ code: 'dataset-empty' }),
    );
    expect(() => splitTasks([], { seed: 0 })).toThrow(expect.objectContaining({ code: 'dataset-empty' }));
  });

  it('shares that leave nothing to train on are refused', () => {
    expect(() => splitTasks([makeTask('a')], { seed: 0, val: 0.8, test: 0.2 })).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });
});

describe('copies of a task in several conversations', () => {
  it('do not make the split depend on the order of the rows, and the one with an answer is kept', async () => {
    const rows = Array.from({ length: 24 }, (_, at) =>
      JSON.stringify({ task: `question ${at}`, answer: 'a', session_id: `s${at % 8}` }),
    );
    const copies = ['s1', 's5', 's7'].map((session_id) => JSON.stringify({ task: 'the same?', session_id }));
    const answered = JSON.stringify({ task: 'the same?', answer: 'b', session_id: 's3' });
    const folder = temporaryFolder();
    const split = async (lines: readonly string[]) => {
      const path = join(folder, 'tasks.jsonl');
      writeFileSync(path, lines.join('\n'));
      const loaded = await loadTasks({ dataset: path, seed: 1, now: 0 });
      expect(loaded.counts.dropped).toEqual({ duplicate: 3 });
      return loaded.split;
    };
    const expected = await split([answered, ...rows, ...copies]);
    expect([...expected.train, ...expected.val].find(({ input }) => input === 'the same?')?.expected).toBe('b');
    for (const lines of [[...copies, ...rows, answered], [...rows, ...copies.toReversed(), answered].toReversed()]) {
      expect(await split(lines)).toEqual(expected);
    }
  });
});
