import { describe, expect, it } from 'vitest';
import { NO_USAGE } from '../../src/core/usage.ts';
import createTokensGrader, { options } from '../../src/graders/tokens.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

describe('tokens', () => {
  it('counts the tokens of all calls of a rollout', async () => {
    const call = {
      type: 'model_call',
      at: 0,
      spanId: '',
      startedAt: 0,
      provider: '',
      model: '',
      finishReason: 'stop',
      responseId: '',
    } as const;
    const events = [100, 200].map((input) => ({ ...call, usage: { ...NO_USAGE, input, output: 50 } }));
    const grader = createTokensGrader(options.parse({ free: 300, most: 500 }));
    expect(await grader.grade({ ...rolloutOf('done'), events }, taskOf(), graderContext())).toEqual({
      status: 'scored',
      score: 0.5,
      reason: '400 tokens, 300 are free',
    });
  });
});
