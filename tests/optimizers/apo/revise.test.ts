import { expect, test } from 'vitest';
import type { Proposal } from '../../../src/optimizers/apo/proposal.ts';
import { revise } from '../../../src/optimizers/apo/revise.ts';

const proposal = (given: Partial<Proposal>): Proposal => ({
  text: '',
  target: '',
  removal: false,
  critique: '',
  operator: 'critic',
  rollouts: [],
  ...given,
});
/** One meaning each by the first word. */
const isSame = (a: string, b: string) => a.split(' ')[0] === b.split(' ')[0];
const PROMPT = 'You are a clerk. Dates are written as 1 May.\n- Sums have two decimals.\n- Names come first.\n';

test('what says the same as a sentence takes its place, so that repeated advice does not make a prompt longer', () => {
  const text = revise(
    PROMPT,
    [proposal({ text: 'Sums are in euro.' }), proposal({ text: 'Phones start with +49.' })],
    isSame,
  );
  expect(text).toBe(
    'You are a clerk. Dates are written as 1 May.\n- Sums are in euro.\n- Names come first.\n- Phones start with +49.',
  );
  expect(revise(text, [proposal({ text: 'Phones start with +49.' })], isSame)).toBe(text);
});

test('two wordings of one new meaning come in once', () => {
  const text = revise(PROMPT, [proposal({ text: 'Phones: +49.' }), proposal({ text: 'Phones: +44.' })], isSame);
  expect(text.match(/Phones/g)).toHaveLength(1);
});

test('wordings of one meaning that stand in a prompt already become one', () => {
  const text = revise(`${PROMPT}- Sums are rounded.\n`, [proposal({ text: 'Sums are in euro.' })], isSame);
  expect(text.match(/Sums/g)).toHaveLength(1);
});

test('a removal takes the whole line, and nothing when what it quotes is not there', () => {
  const removal = proposal({ removal: true, target: 'Sums have two decimals.' });
  expect(revise(PROMPT, [removal], isSame)).toBe('You are a clerk. Dates are written as 1 May.\n- Names come first.');
  expect(revise(PROMPT, [proposal({ removal: true, target: 'Be kind.' })], isSame)).toBe(PROMPT.trim());
});

test('a replacement puts the statement where its target stood', () => {
  const text = revise(
    PROMPT,
    [proposal({ text: 'Give dates as 2024-05-01.', target: 'Dates are written as 1 May.' })],
    isSame,
  );
  expect(text.split('\n')[0]).toBe('You are a clerk. Give dates as 2024-05-01.');
});
