import { describe } from 'vitest';
import createBeam, { options } from '../../src/optimizers/beam.ts';
import { optimizerContract } from '../contracts/optimizer.ts';

describe('beam', () => {
  optimizerContract(createBeam(options.parse({})), { plansItsBudget: false });
});
