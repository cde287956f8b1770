import { InvalidArgumentError } from 'commander';
import { expect, it } from 'vitest';
import { number, oneOf, wholeNumber } from '../../src/commands/ui/values.ts';
import { runApo } from '../helpers/process.ts';

it.each([
  ['any number', number(), ['-1.5', ' 2 ', '1e3'], ['', ' ', 'x', '1,5', 'NaN', 'Infinity'], 'must be a number.'],
  [
    'both ends included',
    number({ least: 0, most: 1 }),
    ['0', '1'],
    ['-0.1', '1.1'],
    'must be a number of at least 0 and at most 1.',
  ],
  ['both ends excluded', number({ above: 0, below: 1 }), ['0.5'], ['0', '1'], 'must be a number above 0 and below 1.'],
  ['whole numbers', wholeNumber(), ['-3', '0'], ['1.5', '1e300'], 'must be a whole number.'],
  ['a least whole number', wholeNumber({ least: 1 }), ['1'], ['0', '1.5'], 'must be a whole number of at least 1.'],
  ['some numbers', oneOf([1, 2]), ['1', '2'], ['0', '01', ''], 'must be one of 1, 2.'],
])('a flag takes %s', (_what, read, right, wrong, message) => {
  for (const value of right) expect(read(value)).toBe(Number(value));
  for (const value of wrong) expect(() => read(value), value).toThrow(new InvalidArgumentError(message));
});

it.each([
  [['train'], '--max-cost', '0', 'must be a number above 0.'],
  [['dataset', 'split', 'x.jsonl', '--out', 'x'], '--val', '2', 'must be a number of at least 0 and at most 1.'],
  [['serve'], '--port', '99999', 'must be a whole number of at least 0 and at most 65535.'],
  [['simulate'], '--port', '99999', 'must be a whole number of at least 0 and at most 65535.'],
  [['trace', 'archive'], '--older-than', 'x', 'must be a number of at least 0.'],
  [['export', 'sft', '--out', 'x.jsonl'], '--redact', '9', 'must be one of 0, 1, 2, 3, 4.'],
])('%s %s %s is one line that names the flag, exit code 2', async (command, flag, value, message) => {
  const { code, stdout, stderr } = await runApo([...command, flag, value]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: option '--[^\n]*\n$/);
  for (const part of [flag, `'${value}' is invalid. ${message}`]) expect(stderr).toContain(part);
});
