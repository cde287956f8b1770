import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type FakeRequest, startFakeProvider } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { runApo } from '../helpers/process.ts';
import { KEY, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(30));
});

/** One clear line: what failed, on what, what to do; no stack. */
function expectOneLine(stderr: string, pattern: RegExp): void {
  expect(
    stderr
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('error:')),
  ).toHaveLength(1);
  expect(stderr).toMatch(pattern);
  expect(stderr).not.toMatch(/\n\s+at /);
}

describe('bad input to apo train', () => {
  it('an unknown algorithm in the .env file', async () => {
    writeFileSync(join(folder, '.env'), 'APO_ALGORITHM=magic\n');
    const ended = await runApo(['train', '--dataset', 'tasks.jsonl', '--prompt', 'Help.'], { cwd: folder });
    expect(ended.code).toBe(2);
    expectOneLine(ended.stderr, /unknown optimizer "magic"/);
  });

  it.each<[string, string[], number, RegExp]>([
    ['an unknown flag', ['--nonsense'], 2, /unknown option/],
    ['a number that is none', ['--seed', 'x'], 2, /seed/],
    ['a difficulty that is none', ['--difficulty', 'extreme'], 2, /--difficulty.*must be of easy, medium, hard/],
    [
      'an unknown algorithm',
      ['--algorithm', 'magic'],
      2,
      /unknown optimizer "magic".*of apo, beam, protegi, gepa, opro/,
    ],
    ['an unknown strategy', ['--strategy', 'magic'], 2, /--strategy.*must be one of domain, progressive, components/],
    ['an unknown grader', ['--grader', 'magic'], 2, /unknown grader "magic".*exact/],
    ['an unknown placeholder', ['--prompt', 'Help {{nobody_knows}}'], 2, /nobody_knows/],
    ['a missing dataset', ['--dataset', 'nowhere.jsonl'], 3, /nowhere\.jsonl/],
    ['a missing config', ['--config', 'nowhere.yaml'], 2, /nowhere\.yaml/],
    ['a missing prompt file', ['--prompt', '@nowhere.txt'], 2, /nowhere\.txt/],
    [
      'a results folder that cannot be',
      ['--results', '/proc/x'],
      6,
      /folder \/proc\/x: no such file or folder.*--results/,
    ],
    ['a trace folder that cannot be', ['--trace-dir', '/dev/null/x'], 6, /\/dev\/null\/x: .*--trace-dir/],
    ['a concurrency without measure', ['--concurrency', '100000'], 2, /--concurrency.*at most 1024/],
    ['a value that a flag takes and the config does not', ['--min-rating', '9'], 2, /minRating.*given by a flag/],
    ['a history that is none', ['--history', 'tasks.jsonl'], 3, /tasks\.jsonl/],
  ])('%s ends in one line and the right exit code', async (_what, more, code, pattern) => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: KEY };
    const ended = await runApo(trainArguments(more), { cwd: folder, env });
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
    expectOneLine(ended.stderr, pattern);
  });

  it.each([['--seed', 'x'], ['--nonsense'], ['--max-cost']])('wrong usage is one line: %s', async (...flags) => {
    const { code, stderr } = await runApo(['train', ...flags], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: .* - see apo train --help\n$/);
  });

  it.each([
    [['dataset', 'split', 'x.jsonl'], 'apo dataset split'],
    [['dataset', 'nonsense'], 'apo dataset'],
    [['nonsense'], 'apo'],
    [['simulate', '--port', '70000'], 'apo simulate'],
    [['dataset', 'validate', 'x.jsonl', '--min-rating', '11'], 'apo dataset validate'],
  ])('wrong usage of %j points to the help of %s', async (args, help) => {
    const { code, stderr } = await runApo(args, { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^error: .* - see ${help} --help\n$`));
  });

  it('an agent of your own and a grader without a model need no key for the roles that nobody asks', async () => {
    await using world = await startWorld();
    writeFileSync(join(folder, 'agent.mjs'), 'export default ({ task }) => task.input;');
    const asked = { use: 'openai', model: 'm', baseUrl: world.url };
    const config = { agent: { use: 'module', module: './agent.mjs' }, models: { critic: asked, editor: asked } };
    writeFileSync(join(folder, 'apo.yaml'), JSON.stringify(config));
    const ended = await runApo(trainArguments(['--config', 'apo.yaml', '--max-rollouts', '16']), { cwd: folder });
    expect(ended.code, ended.stderr).toBe(0);
    const checked = await runApo(
      ['check', ...trainArguments(['--config', 'apo.yaml']).slice(1, -3), '--config', 'apo.yaml'],
      { cwd: folder },
    );
    expect(checked.code, checked.stderr).toBe(0);
    expect(checked.stdout).not.toMatch(/agent model|grader model/);
    // The chat agent does ask its model.
    writeFileSync(join(folder, 'apo.yaml'), JSON.stringify({ models: { critic: asked, editor: asked } }));
    const without = await runApo(trainArguments(['--config', 'apo.yaml']), { cwd: folder });
    expect(without.code).toBe(2);
    expectOneLine(without.stderr, /OPENAI_API_KEY/);
  });

  it.each([
    ['regex', '"expected":"[a-"', /cannot grade 1 of 31 tasks - first: odd: .*character class/],
    ['number', '"expected":"many"', /cannot grade \d+ of 31 tasks/],
    ['json', '"expected":"{"', /cannot grade \d+ of 31 tasks/],
  ])('an expected answer that grader %s cannot use is found before anything is sent', async (grader, answer, line) => {
    writeFileSync(join(folder, 'tasks.jsonl'), `${worldTasks(30)}\n{"id":"odd","task":"An odd one?",${answer}}\n`);
    await using world = await startWorld();
    const given = trainArguments();
    given[given.indexOf('exact')] = grader;
    const ended = await runApo(given, { cwd: folder, env: { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY } });
    expect(ended.code).toBe(3);
    expectOneLine(ended.stderr, line);
    expect(world.requests).toEqual([]);
  });

  it('a missing key is found before anything is sent', async () => {
    const ended = await runApo(trainArguments(), { cwd: folder });
    expect(ended.code).toBe(2);
    expectOneLine(ended.stderr, /OPENAI_API_KEY/);
  });

  it('an unreachable server ends soon, resumable', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:10009/v1', OPENAI_API_KEY: KEY };
    const ended = await runApo(trainArguments(), { cwd: folder, env });
    expect(ended.code).toBe(4);
    expectOneLine(ended.stderr, /cannot be reached.*--resume/);
  });

  it.each<[string, number, object, number, RegExp]>([
    ['a refused key', 401, { error: { message: 'Incorrect API key', code: 'invalid_api_key' } }, 4, /refused the key/],
    [
      'a wrong model name',
      404,
      { error: { message: 'model does not exist', code: 'model_not_found' } },
      2,
      /does not know the model/,
    ],
    [
      'an exhausted quota',
      429,
      { error: { message: 'You exceeded your quota', code: 'insufficient_quota' } },
      4,
      /no quota left/,
    ],
  ])('%s stops the run at once', async (_what, status, body, code, pattern) => {
    await using world = await startWorld({ faults: () => ({ status, body }) });
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const ended = await runApo(trainArguments(['--concurrency', '4']), { cwd: folder, env });
    expect(ended.code).toBe(code);
    expectOneLine(ended.stderr, pattern);
    expect(world.requests.length).toBeLessThanOrEqual(4);
  });

  it('rollouts that fail for technical reasons stop the step instead of counting as bad answers', async () => {
    await using world = await startWorld({
      // Always the same tasks: by number, a repeated request might find the server well each time.
      faults: ({ body }) =>
        (body.messages.at(-1)?.content?.length ?? 0) % 2 === 0 ? { status: 200, body: 'not a completion' } : undefined,
    });
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const ended = await runApo(trainArguments(['--algorithm', 'beam']), { cwd: folder, env });
    expect(ended.code).toBe(1);
    expectOneLine(ended.stderr, /failed or unscored/);
  });
});

describe('apo check', () => {
  it('proves a working set-up with one small call for each model', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const ended = await runApo(['check', '--dataset', 'tasks.jsonl', '--grader', 'exact', '--json'], {
      cwd: folder,
      env,
    });
    expect(ended.code).toBe(0);
    const report = JSON.parse(ended.stdout);
    expect(report).toMatchObject({ ok: true, plan: { rollouts: expect.any(Number), calls: expect.any(Number) } });
    expect(report.checks.map(({ name }: { name: string }) => name)).toEqual([
      'set-up',
      'tasks',
      'agent model',
      'critic model',
      'editor model',
      'grader',
      'store',
    ]);
    expect(world.requests.length).toBe(3);
  });

  it('proves that the server takes the tools of the agent', async () => {
    writeFileSync(
      join(folder, 'tools.js'),
      "export default [{ name: 'find', parameters: { type: 'object', properties: {} }, execute: () => 'x' }];",
    );
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'apo.yaml'), 'dataset: tasks.jsonl\ngrader: exact\ntools: ./tools.js\n');
    let takesTools = true;
    const rejected = { status: 400, body: { error: { message: 'this model does not support tools' } } };
    const faults = ({ body }: FakeRequest) => ('tools' in body && !takesTools ? rejected : undefined);
    await using provider = await startFakeProvider({ faults });
    const env = { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: KEY };
    const works = await runApo(['check'], { cwd: folder, env });
    expect(works.code, works.stdout).toBe(0);
    expect(works.stdout).toMatch(/agent model .* with 1 tool$/m);
    takesTools = false;
    const fails = await runApo(['check'], { cwd: folder, env });
    expect(fails.code).toBe(2);
    expect(fails.stdout).toMatch(/FAIL agent model .*does not support tools/);
  });

  it('finds a right answer where the grader wants the whole list of several', async () => {
    const rows = [0, 1, 2].map((n) => JSON.stringify({ task: `List what is in box ${n}`, expected: ['a', `b${n}`] }));
    writeFileSync(join(folder, 'tasks.jsonl'), rows.join('\n'));
    await using provider = await startFakeProvider();
    const env = { OPENAI_BASE_URL: provider.url, OPENAI_API_KEY: KEY };
    for (const grader of ['json', 'exact']) {
      const ended = await runApo(['check', '--dataset', 'tasks.jsonl', '--grader', grader], { cwd: folder, env });
      expect(ended.stdout).toMatch(/grader +good answer 1.00, bad answer 0.00/);
      expect(ended.stdout).toMatch(/warning: 3 records: several answers are expected/);
    }
  });

  it('warns of a starting prompt that is empty, which may be meant', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const flags = ['--dry-run', '--dataset', 'tasks.jsonl', '--grader', 'exact', '--prompt', ''];
    const ended = await runApo(['train', ...flags], { cwd: folder, env });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/warning: the starting prompt is empty/);
  });

  it('says what is wrong by its exit code', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: KEY };
    const ended = await runApo(['train', '--dry-run', '--dataset', 'tasks.jsonl', '--grader', 'exact'], {
      cwd: folder,
      env,
    });
    expect(ended.code).toBe(4);
    expect(ended.stdout).toMatch(/FAIL agent model/);
  });
});

describe('apo init', () => {
  it('writes a config and a dataset that work, and never overwrites', async () => {
    await using world = await startWorld();
    const fresh = temporaryFolder();
    expect((await runApo(['init'], { cwd: fresh })).code).toBe(0);
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    expect((await runApo(['dataset', 'validate', 'tasks.jsonl'], { cwd: fresh })).code).toBe(0);
    expect((await runApo(['check'], { cwd: fresh, env })).code).toBe(0);
    const again = await runApo(['init'], { cwd: fresh });
    expect(again.code).toBe(2);
    expectOneLine(again.stderr, /apo.yaml and tasks.jsonl already exist in/);
  });
});
