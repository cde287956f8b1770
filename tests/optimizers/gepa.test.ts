import { describe } from 'vitest';
import createGepa, { options } from '../../src/optimizers/gepa.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('gepa', () => {
  optimizerContract(createGepa(options.parse({})));
});
