import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../src/optimizers/shared/evidence.ts';
import { withoutQuotations } from '../../../src/optimizers/shared/quotations.ts';
import { makeTask } from '../../helpers/task.ts';

const SAID = 'My aunt Agathe has been waiting for the blue ribbon parcel since last Tuesday.';
const tasks = [
  makeTask(`${SAID} Please answer in one short sentence without any thanks.`, { id: 'a' }),
  ...['b', 'c'].map((id) =>
    makeTask(`Where is ${id}? Please answer in one short sentence without any thanks.`, { id }),
  ),
];
const read: readonly Evidence[] = [
  {
    task: tasks[0] as (typeof tasks)[0],
    scored: {
      rollout: {
        id: 'ro-1',
        taskId: 'a',
        promptId: 'p-1',
        sample: 0,
        status: 'ok',
        answer: 'yes',
        failure: null,
        traceId: '',
        events: [
          {
            at: 0,
            spanId: '',
            type: 'tool_result',
            id: '1',
            name: 'find',
            isError: false,
            replayed: false,
            content: 'The vault code for the north door is seven seven one.',
          },
        ],
        usage: { input: 0, output: 0, cached: 0, reasoning: 0, estimated: false },
        durationMs: 0,
      },
      grade: { status: 'scored', score: 0, reason: 'wrong' },
    },
  },
];
const strike = (critique: string, own = 'You are a clerk.') => withoutQuotations(critique, read, tasks, own);

describe('a critique as an editor may read it (I04)', () => {
  it.each([
    ['as it was written', SAID],
    ['in other case and white space', SAID.toUpperCase().replaceAll(' ', '\n  ')],
    ['a part of it', 'been waiting for the blue ribbon'],
    ['what a tool returned', 'the vault code for the north door is seven'],
  ])('leaves out what one conversation says: %s', (_how, quoted) => {
    const text = strike(`The agent is vague. The user said: "${quoted}" Say when it comes.`);
    expect(text).toBe('The agent is vague. The user said: "[quotation left out]" Say when it comes.');
  });

  it('keeps what several conversations have in common, what the prompt says, and names of few words', () => {
    const common = 'Users want to "answer in one short sentence without any thanks".';
    expect(strike(common)).toBe(common);
    const own = 'The prompt says "since last Tuesday" where the blue ribbon parcel stands.';
    expect(strike(own, SAID)).toBe(own);
    const named = 'For the blue ribbon parcel, name the carrier.';
    expect(strike(named)).toBe(named);
  });

  it('leaves a critique without quotations as it is, character for character', () => {
    const critique = '- Name the carrier \ud83d\ude9a.\n\n- \u0130stanbul: say the DATE.\t';
    expect(strike(critique)).toBe(critique);
  });
});
