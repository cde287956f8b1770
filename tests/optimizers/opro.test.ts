import { describe } from 'vitest';
import createOpro, { options } from '../../src/optimizers/opro.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('opro', () => {
  optimizerContract(createOpro(options.parse({})));
});
