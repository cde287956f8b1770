import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitPrompt, statementsOf } from '../../../src/core/statements.ts';
import { newStatements } from '../../../src/optimizers/apo/editor.ts';
import { createRarity, overlap, wordsOf } from '../../../src/optimizers/apo/words.ts';

test('the pieces of any prompt are the prompt', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', 'B', '.', ' ', '\n', '-', '`', '1', '"', '{{x}}') }),
      (prompt) => {
        expect(
          splitPrompt(prompt)
            .map(({ raw }) => raw)
            .join(''),
        ).toBe(prompt);
      },
    ),
  );
});

test('bullets, lines and sentences are statements, headings and lead-ins are not', () => {
  const prompt = '# Rules\nYou are an agent. Be brief, e.g. one line.\n\nAlways:\n- Sign as Ann.\n2. Use euros.\n';
  expect(statementsOf(prompt)).toEqual(['You are an agent.', 'Be brief, e.g. one line.', 'Sign as Ann.', 'Use euros.']);
});

test('a code block is one statement', () => {
  const block = '```json\n{"a": 1. B}\n```\n';
  expect(splitPrompt(`Answer so:\n${block}Done.`).map(({ raw }) => raw)).toEqual(['Answer so:\n', block, 'Done.']);
});

test('endings and common words do not tell words apart', () => {
  expect([...wordsOf('You must always return the refunds')]).toEqual([...wordsOf('Returned refund')]);
});

test('overlap is 1 for equal and 0 for foreign texts, and counts rare words more', () => {
  const texts = ['ship the parcel today', 'ship the parcel now', 'ship a crate'].map(wordsOf);
  const rarity = createRarity(texts);
  const [a, b, c] = texts as [Set<string>, Set<string>, Set<string>];
  expect(overlap(a, a, rarity)).toBe(1);
  expect(overlap(a, wordsOf('nothing alike'), rarity)).toBe(0);
  expect(overlap(a, b, rarity)).toBeGreaterThan(overlap(a, c, rarity));
});

test('what an edit adds are the sentences that the prompt did not have', () => {
  const before = 'You are an agent.\nSign as Ann.';
  const after = 'You are an agent. Sign as Ann.\n\n- Use euros for amounts.\n- For refunds, ask for the receipt.';
  expect(newStatements(before, after)).toEqual(['Use euros for amounts.', 'For refunds, ask for the receipt.']);
  expect(newStatements(before, before)).toEqual([]);
});
