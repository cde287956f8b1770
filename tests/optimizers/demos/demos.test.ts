import { describe, expect, it } from 'vitest';
import { createPrompt } from '../../../src/core/prompt.ts';
import { withDemonstrations } from '../../../src/optimizers/demos/render.ts';
import { isBetter } from '../../../src/optimizers/demos/verify.ts';

const demonstration = { taskId: 't', input: 'Two and two?', answer: 'Four.' };

describe('demonstrations', () => {
  it('stand word for word at the end of the prompt', () => {
    const prompt = withDemonstrations(createPrompt('Count.\n'), 'system', [demonstration]);
    expect(prompt.components.system).toBe(
      'Count.\n\nExamples of good answers:\n\nInput:\nTwo and two?\nAnswer:\nFour.',
    );
  });

  it('never bring in a placeholder', () => {
    const start = createPrompt('Count.');
    expect(withDemonstrations(start, 'system', [{ ...demonstration, input: 'Fill {{name}}' }])).toEqual(start);
  });
});

describe('paired comparison', () => {
  async function compare(tasks: number, difference: (index: number) => number) {
    const looked: number[] = [];
    const better = await isBetter(tasks, async (count) => {
      looked.push(count);
      return Array.from({ length: count }, (_, index) => difference(index));
    });
    return { better, looked };
  }

  it('gives up after one block on what is behind', async () => {
    expect(await compare(64, () => -0.1)).toEqual({ better: false, looked: [8] });
  });

  it('looks at all tasks before it believes in a candidate', async () => {
    expect(await compare(20, () => 1)).toEqual({ better: true, looked: [8, 16, 20] });
  });

  it('does not take noise for a gain', async () => {
    expect((await compare(16, (index) => (index % 2 === 0 ? 1 : -0.9))).better).toBe(false);
    expect((await compare(16, () => 0)).better).toBe(false);
  });
});
