import { describe, expect, it } from 'vitest';
import { createPrompt } from '../../src/core/prompt.ts';
import createOpro, { options, trajectoryOf } from '../../src/optimizers/opro.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('opro', () => {
  optimizerContract(createOpro(options.parse({})));

  it('shows the best prompts, the best last', () => {
    const known = [0.2, 0.9, 0.5, 0.5].map((score, index) => ({ prompt: createPrompt(`p${index}`), score }));
    const shown = trajectoryOf(known, 3).map(({ prompt }) => prompt.components.system);
    expect(shown).toEqual(['p3', 'p2', 'p1']);
  });
});
