import { describe } from 'vitest';
import createDemos, { options } from '../../src/optimizers/demos.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('demos', () => {
  optimizerContract(createDemos(options.parse({})));
});
