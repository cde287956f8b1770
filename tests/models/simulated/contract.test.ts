import { describe } from 'vitest';
import { createEnvironment } from '../../../src/config/environment.ts';
import { loadPlugin } from '../../../src/plugins.ts';
import { modelContract } from '../../contracts/model.ts';

describe('the simulated model', () => {
  modelContract(async () => ({
    model: await loadPlugin('model', { use: 'simulated' }, { folder: '.', environment: createEnvironment({}) }),
    name: 'sim-agent',
    [Symbol.asyncDispose]: async () => undefined,
  }));
});
