import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadEnvironment, provideVariables } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';

const ENCODINGS: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16 LE', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16 BE', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
];

describe('files that a person wrote', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'apo-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: Buffer | string) => writeFileSync(join(folder, name), content);

  it.each(ENCODINGS)('a prompt, a config and a .env file are read in %s, with lines of Windows', (_name, encode) => {
    write('prömpt.txt', encode('Antworte höflich.\r\nKurz.\r\n'));
    write('apo.yaml', encode('prompt: "@prömpt.txt"\r\nseed: 7\r\n'));
    write('.env', encode('APO_TEST_FIRST=one\r\nAPO_TEST_SECOND=two\r\n'));
    const { config } = loadConfig(undefined, {}, folder);
    expect(config).toMatchObject({ prompt: 'Antworte höflich.\nKurz.', seed: 7 });
    const environment = loadEnvironment(folder);
    expect([environment.get('APO_TEST_FIRST'), environment.get('APO_TEST_SECOND')]).toEqual(['one', 'two']);
  });

  it('flags name files from where they are given, a config from where it is', () => {
    mkdirSync(join(folder, 'conf'));
    for (const [path, text] of [
      ['p.txt', 'flag'],
      ['conf/p.txt', 'config'],
      ['conf/apo.yaml', 'prompt: "@p.txt"\ngrader: ./g.js\n'],
    ] as const) {
      write(path, text);
    }
    const load = (overrides: Parameters<typeof loadConfig>[1]) => loadConfig('conf/apo.yaml', overrides, folder).config;
    expect(load({})).toMatchObject({ prompt: 'config', grader: { use: './g.js' } });
    expect(load({ prompt: '@p.txt', grader: './g.js', algorithm: 'beam', historySource: '../h.js' })).toMatchObject({
      prompt: 'flag',
      grader: { use: join(folder, 'g.js') },
      algorithm: { use: 'beam' },
      historySource: join(folder, '../h.js'),
    });
  });

  it('a prompt file that is no text is refused by name', () => {
    write('picture.png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]));
    expect(() => loadConfig(undefined, { prompt: '@picture.png' }, folder)).toThrow(
      /picture\.png: it is not UTF-8 text/,
    );
  });

  it('the command line finds variables of a .env file, under those of the process; empty ones are unset', () => {
    vi.stubEnv('APO_TEST_FIRST', 'of the process');
    vi.stubEnv('APO_TEST_EMPTY', '');
    vi.stubEnv('APO_TEST_SECOND', undefined);
    write('.env', 'APO_TEST_FIRST=one\nAPO_TEST_SECOND=two\nOTHER_TEST=three\n');
    provideVariables('APO_TEST_', folder);
    const found = Object.entries(process.env).filter(([name]) => /^(?:APO|OTHER)_TEST/.test(name));
    vi.unstubAllEnvs();
    expect(Object.fromEntries(found)).toEqual({ APO_TEST_FIRST: 'of the process', APO_TEST_SECOND: 'two' });
  });

  it('a .env file that is no text is refused by name', () => {
    write('.env', Buffer.from('APO_TEST_FIRST=caf\u00e9', 'latin1'));
    expect(() => loadEnvironment(folder)).toThrow(/cannot read .*\.env: it is not UTF-8 text/);
  });

  it.each<[object, RegExp]>([
    [{ grader: [{ use: 'length', weight: -0.1 }] }, /^grader\.0\.weight: Too small: .* >0/],
    [{ grader: [] }, /^grader: Too small/],
    [{ grader: 5 }, /^grader: Invalid input: expected string or object or array, received number/],
    [{ algorithm: { beamWidth: 2 } }, /^algorithm\.use: Invalid input: expected string, received undefined/],
    [{ budget: { rollout: 9 } }, /^budget: .*"rollout" - known are rollouts, calls, tokens, costUsd, minutes /],
    [
      { prices: { mine: { input: 1, output: 2, cached: 1 } } },
      /^prices\.mine: .* known are input, output, cachedInput, /,
    ],
    [{ datasets: 'x' }, /^config: .*"datasets" - known are prompt, protected, dataset, history, /],
    [{ concurrency: 0 }, /^concurrency: Too small/],
  ])('says what is wrong with %j, and where', (config, message) => {
    write('apo.yaml', JSON.stringify(config));
    expect(() => loadConfig(undefined, {}, folder)).toThrow(message);
  });

  it('prices of the config cover all kinds of tokens', () => {
    const prices = { mine: { input: 1, cachedInput: 0.1, output: 2, reasoning: 3 } };
    expect(loadConfig(undefined, { prices }, folder).config.prices).toEqual(prices);
  });
});
