import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addTrainOptions, CONFIG_FLAGS, optionOf, overridesOf } from '../../src/commands/train/options.ts';
import { configSchema } from '../../src/config/schema.ts';
import { isJsonObject, type Json } from '../../src/core/json.ts';

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

it.each(CONFIG_FLAGS.filter(([name]) => name !== 'config'))(
  '--%s is either fixed on resume or may be given anew, and sets what it says',
  (name, { takes, fixed, free }) => {
    expect([fixed, free].filter((path) => path !== undefined)).toHaveLength(1);
    // Something that each of them takes: the share of the test part is below 1.
    const samples = { strategy: 'domain', category: 'billing', difficulty: 'easy', testSplit: '0.5' };
    const sample = name in samples ? samples[name as keyof typeof samples] : '3';
    const given = parse(optionOf(name), ...(takes === undefined ? [] : [sample]));
    const config: Json = configSchema.parse(overridesOf(given)) as never;
    const path = (fixed ?? free ?? '').split('.');
    expect(path.reduce<Json>((value, key) => (isJsonObject(value) ? (value[key] ?? null) : null), config)).toEqual(
      given[name],
    );
  },
);

describe('variables of the environment', () => {
  afterEach(() => vi.unstubAllEnvs());

  const flagsOf = (variables: { readonly [name: string]: string }, ...argv: string[]): object => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    let flags = {};
    addTrainOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
      .option('--dry-run')
      .option('--resume [run]')
      .action((given) => {
        flags = given;
      })
      .parse(argv, { from: 'user' });
    return JSON.parse(JSON.stringify(flags));
  };

  it.each([
    ['1', { dryRun: true, skipInvalid: true, trace: false }],
    ['TRUE', { dryRun: true, skipInvalid: true, trace: false }],
    ['0', { trace: true }],
    ['false', { trace: true }],
    ['', { trace: true }],
  ])('switches are what "%s" says', (value, expected) => {
    expect(flagsOf({ APO_DRY_RUN: value, APO_SKIP_INVALID: value, APO_NO_TRACE: value })).toEqual(expected);
  });

  it('a switch that is neither on nor off is refused', () => {
    expect(() => flagsOf({ APO_DRY_RUN: 'perhaps' })).toThrow('APO_DRY_RUN is "perhaps"');
  });

  it('on resume they decide only what may be given anew; flags are still told apart from them', () => {
    const variables = { APO_SEED: '9', APO_SKIP_INVALID: '1', APO_MAX_CALLS: '50', APO_AGENT_MODEL: 'other' };
    expect(flagsOf(variables, '--resume', '--agent-model', 'mine')).toEqual({
      resume: true,
      agentModel: 'mine',
      maxCalls: 50,
      trace: true,
    });
  });
});
