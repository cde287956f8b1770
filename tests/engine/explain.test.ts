import { describe, expect, it } from 'vitest';
import { createPrompt, type Prompt } from '../../src/core/prompt.ts';
import { explain } from '../../src/engine/explain.ts';
import type { Candidate } from '../../src/optimizers/optimizer.ts';
import type { RolloutScore } from '../../src/stores/store.ts';

function candidate(prompt: Prompt, parent: Prompt | undefined, more: Partial<Candidate> = {}): Candidate {
  return {
    prompt,
    parents: parent === undefined ? [] : [parent.id],
    iteration: parent === undefined ? 0 : 1,
    operator: parent === undefined ? 'start' : 'edit',
    critique: null,
    evidence: [],
    rejected: null,
    ...more,
  };
}

function scores(prompt: Prompt, values: readonly number[]): readonly RolloutScore[] {
  return values.map((score, task) => ({
    promptId: prompt.id,
    taskId: `t${task}`,
    iteration: 0,
    split: 'train',
    status: 'ok',
    score,
  }));
}

const start = createPrompt('Be kind.');
const first = createPrompt('Be kind.\n- Name the price.');
const second = createPrompt('Be kind.\n- Name the price.\n- Give the date.\n- Sign it.');

describe('the explanation of a prompt', () => {
  const { statements } = explain(
    second,
    [
      candidate(start, undefined),
      candidate(first, start, { critique: 'no price', evidence: ['ro-1'] }),
      candidate(second, first, { critique: 'no date', evidence: ['ro-2', 'ro-3'] }),
    ],
    [...scores(start, [0, 0, 0, 1]), ...scores(first, [1, 1, 0, 1]), ...scores(second, [1, 1, 1, 1])],
  );

  it('gives each statement the critique and the rollouts that put it there', () => {
    expect(statements.map(({ text, origin }) => [text, origin])).toEqual([
      ['Be kind.', { operator: 'start', critique: '', rollouts: [] }],
      ['Name the price.', { operator: 'edit', critique: 'no price', rollouts: ['ro-1'] }],
      ['Give the date.', { operator: 'edit', critique: 'no date', rollouts: ['ro-2', 'ro-3'] }],
      ['Sign it.', { operator: 'edit', critique: 'no date', rollouts: ['ro-2', 'ro-3'] }],
    ]);
  });

  it('measures what a statement does by what it changed on the same tasks, shared by those that came together', () => {
    expect(statements.map(({ effect, removalCost }) => [effect, removalCost])).toEqual([
      [null, null],
      [0.5, 0.5],
      [0.125, 0.125],
      [0.125, 0.125],
    ]);
    const [low, high] = (statements[1] as { readonly interval: [number, number] }).interval;
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
  });

  it("knows the statements that a category's prompt has from the general one", () => {
    const general = createPrompt({ system: first.components.system ?? '' });
    const own = createPrompt({ ...general.components, 'system@refund': 'Be kind.\n- Name the price.\n- Say REF.' });
    const { statements: all } = explain(
      own,
      [
        candidate(start, undefined),
        candidate(general, start, { critique: 'no price' }),
        candidate(own, general, { critique: 'no code' }),
      ],
      [...scores(general, [0, 0]), ...scores(own, [1, 0])],
    );
    const refund = all.filter(({ component }) => component === 'system@refund');
    expect(
      refund.map(({ text, effect, origin }) => [text, effect, (origin as { readonly critique: string }).critique]),
    ).toEqual([
      ['Be kind.', null, ''],
      ['Name the price.', null, 'no price'],
      ['Say REF.', 0.5, 'no code'],
    ]);
  });
});
