import { describe } from 'vitest';
import createProtegi, { options } from '../../src/optimizers/protegi.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('protegi', () => {
  optimizerContract(createProtegi(options.parse({})));
});
