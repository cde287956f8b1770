import { describe } from 'vitest';
import createApo, { options } from '../../src/optimizers/apo.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('apo', () => {
  optimizerContract(createApo(options.parse({})));
});
