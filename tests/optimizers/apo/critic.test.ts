import { expect, test } from 'vitest';
import { parseFindings } from '../../../src/optimizers/apo/critic.ts';

const finding = { operation: 'add', statement: 'Sign as Ann.', target: '', evidence: ['ro-1'], cause: 'No name.' };

test('findings are read as an object, as a list, in a fence and after a preface', () => {
  const json = JSON.stringify({ findings: [finding] });
  for (const reply of [json, JSON.stringify([finding]), `\`\`\`json\n${json}\n\`\`\``, `Here you are:\n${json}`])
    expect(parseFindings(reply)).toEqual([finding]);
});

test('missing and wrong fields cost precision, not the finding', () => {
  expect(parseFindings('{"findings":[{"statement":" Be exact. ","evidence":[7],"operation":"improve"}]}')).toEqual([
    { operation: 'add', statement: 'Be exact.', target: '', evidence: ['7'], cause: '' },
  ]);
});

test('an empty statement counts only as a removal', () => {
  const removal = { ...finding, operation: 'remove', statement: '', target: 'Be funny.' };
  expect(parseFindings(JSON.stringify({ findings: [removal, { ...finding, statement: '' }] }))).toEqual([removal]);
});

test('a critique in sentences is no findings', () => {
  expect(parseFindings('The prompt {never} says how to sign.')).toBeUndefined();
  expect(parseFindings('- Sign as Ann.')).toBeUndefined();
});
