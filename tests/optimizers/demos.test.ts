import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import createDemos, { options } from '../../src/optimizers/demos.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('demos', () => {
  optimizerContract(createDemos(options.parse({})), { least: 50 });

  it.each(['domain', 'components', 'progressive'])('may quote tasks as a part of %s too', async (use) => {
    const load = (of: string) =>
      loadPlugin('optimizer', { use, of: { use: of } }, { folder: '.', environment: createEnvironment({}) });
    expect((await load('demos')).quotesTasks).toBe(true);
    expect((await load('beam')).quotesTasks).toBe(false);
  });
});
