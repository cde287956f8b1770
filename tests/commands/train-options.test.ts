import { Command } from 'commander';
import { expect, it } from 'vitest';
import { addTrainOptions, overridesOf } from '../../src/commands/train/options.ts';

const parse = (...argv: string[]) => {
  const command = addTrainOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  return command.parse(argv, { from: 'user' }).opts();
};

it.each([
  ['separated by commas', ['--category', 'billing, refunds', '--difficulty', 'Easy,hard']],
  ['one after the other', ['--category', 'billing', 'refunds', '--difficulty', 'easy', 'hard']],
  ['repeated', ['--category', 'billing', '--difficulty', 'easy', '--category', 'refunds', '--difficulty', 'hard']],
])('categories and difficulties may be %s', (_how, argv) => {
  const flags = parse(...argv);
  expect(flags).toMatchObject({ category: ['billing', 'refunds'], difficulty: ['easy', 'hard'] });
  expect(JSON.stringify(overridesOf(flags))).toContain('["billing","refunds"]');
});

it.each([
  ['--difficulty', 'simple', 'easy, medium, hard'],
  ['--strategy', 'none', 'domain, progressive, components'],
])('%s %s is refused with the names that there are', (flag, value, names) => {
  expect(() => parse(flag, value)).toThrow(names);
});
