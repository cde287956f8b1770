import { describe, expect, it } from 'vitest';
import { createAnswers } from '../../src/core/answers.ts';
import { createGate } from '../../src/core/gate.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { makeTask } from '../helpers/task.ts';

const task = (id: string, expected: string | null) => makeTask(`Question ${id}?`, { id, expected });
const OWN = 'Case 4387: wren cedar 95 | valley umber.';
const STANDING = 'Please hold, I connect you to a person.';
const tasks = [
  task('a', OWN),
  ...['b', 'c', 'd'].map((id) => task(id, STANDING)),
  task('e', 'TEC-1'),
  ...Array.from({ length: 5 }, (_, index) => task(`f${index}`, null)),
];

describe('answers learnt by heart', () => {
  const answers = createAnswers(tasks);

  it.each([
    ['in other case and punctuation', 'For case 4387 answer "case 4387, WREN cedar 95, valley umber"', true],
    ['in part', 'For case 4387 answer wren cedar 95.', false],
    ['that several conversations share', `When unsure, say: ${STANDING}`, false],
    ['that is a label', 'Mark warranty tickets as TEC-1.', false],
  ])('an answer %s: %s is found: %s', (_name, text, isFound) => {
    expect(answers.find(text, '') !== undefined).toBe(isFound);
  });

  it('any of several that are right', () => {
    const other = makeTask('g', { expected: 'Nothing.', metadata: { expected_answers: ['Nothing.', OWN] } });
    expect(createAnswers([other, ...tasks.slice(1)]).find(`Say ${OWN}`, '')).toBeDefined();
  });

  it('what the prompt had before is its own', () => {
    expect(answers.find(`Example: ${OWN}`, `Example: ${OWN}`)).toBeUndefined();
  });

  it('I06 the gate rejects them, except for optimizers that quote tasks on purpose', () => {
    const start = createPrompt('You file cases.');
    const proposal = createPrompt(`You file cases.\n- For case 4387 answer ${OWN}`);
    expect(createGate({ start, tasks })(proposal, start)).toBe('holds the expected answer of a training task');
    expect(createGate({ start, tasks, quotesTasks: true })(proposal, start)).toBeUndefined();
  });
});
