import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { completion } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo } from '../helpers/process.ts';
import { allBytes, KEY, lasting, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(40));
});

describe('apo train', () => {
  it('trains offline on the quick start and keeps a better prompt where an agent loads it', async () => {
    const config = repositoryPath('config/quickstart.yaml');
    const ended = await runApo(['train', '--config', config, '--results', 'out', '--json'], { cwd: folder });
    expect(ended.code).toBe(0);
    const result = JSON.parse(ended.stdout);
    expect(result).toMatchObject({ status: 'completed', simulated: true, algorithm: 'apo', verdict: 'improved' });
    expect(result.best.score).toBeGreaterThan(result.baseline.score);
    for (const path of Object.values<string>(result.files)) expect(existsSync(path), path).toBe(true);
    expect(JSON.parse(readFileSync(result.files.result, 'utf8'))).toEqual(result);
    expect(JSON.parse(readFileSync(result.files.bestPrompts, 'utf8'))[0]).toMatchObject({
      promptId: result.best.promptId,
      simulated: true,
    });
    expect(readFileSync(result.files.report, 'utf8')).toContain('Simulated model');
  });

  it('R16 a larger rollout limit on resume counts what was paid for, and says so in every place', async () => {
    await using world = await startWorld();
    const environment = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const first = await runApo(trainArguments(['--max-rollouts', '50', '--agent-model', 'agent-model', '--json']), {
      cwd: folder,
      env: environment,
    });
    const { runId } = JSON.parse(first.stdout);
    const more = ['train', '--resume', runId, '--max-rollouts', '80', '--json', '--quiet'];
    const ended = await runApo(more, { cwd: folder, env: environment });
    expect(ended.code, ended.stderr).toBe(0);
    const { usage } = JSON.parse(ended.stdout);
    const sent = world.requests.filter(({ body }) => body.model === 'agent-model').length;
    expect(sent).toBeGreaterThan(50);
    expect(sent).toBeLessThanOrEqual(80);
    expect(usage).toMatchObject({ rollouts: sent, calls: { agent: sent } });
    const again = await runApo(['train', '--resume', runId, '--json', '--quiet'], { cwd: folder, env: environment });
    expect(JSON.parse(again.stdout).usage).toEqual(usage);
  });

  it('R16 resumed with the limit that ended it, a run ends as it ended and asks nothing, wherever that is done', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const first = await runApo(trainArguments(['--max-tokens', '12000', '--json']), { cwd: folder, env });
    expect(first.code, first.stderr).toBe(5);
    const [result, asked] = [JSON.parse(first.stdout), world.requests.length];
    expect(result.best.n).toBeGreaterThan(0);
    const elsewhere = temporaryFolder();
    const named = ['--store', join(folder, 'results/apo.db')];
    for (const [cwd, store] of [
      [folder, []],
      [elsewhere, named],
    ] as const) {
      const again = await runApo(['train', '--resume', '--json', '--quiet', ...store], { cwd, env });
      expect(again.code, again.stderr).toBe(5);
      expect(lasting(JSON.parse(again.stdout))).toBe(lasting(result));
      expect(JSON.parse(again.stdout).files).toEqual(result.files);
    }
    expect(world.requests.length).toBe(asked);
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('R16 on resume limits of flags win over the config file, and a larger limit of the file counts where none did', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const limitInFile = (tokens: number) =>
      writeFileSync(join(folder, 'apo.yaml'), JSON.stringify({ budget: { tokens } }));
    const again = async (...more: string[]) => {
      const ended = await runApo(['train', '--resume', '--json', '--quiet', ...more], { cwd: folder, env });
      expect(ended.code, ended.stderr).toBe(5);
      return JSON.parse(ended.stdout);
    };
    limitInFile(40_000);
    const first = await runApo(trainArguments(['--max-tokens', '12000', '--json']), { cwd: folder, env });
    expect(first.code, first.stderr).toBe(5);
    const asked = world.requests.length;
    expect(lasting(await again())).toBe(lasting(JSON.parse(first.stdout)));
    expect(world.requests.length).toBe(asked);
    const larger = await again('--max-tokens', '16000');
    expect(world.requests.length).toBeGreaterThan(asked);
    expect(lasting(await again())).toBe(lasting(larger));

    limitInFile(12_000);
    const other = await runApo(trainArguments(['--json', '--seed', '7']), { cwd: folder, env });
    expect(other.code, other.stderr).toBe(5);
    const spent = world.requests.length;
    limitInFile(16_000);
    const { tokens } = (await again()).usage;
    expect(world.requests.length).toBeGreaterThan(spent);
    expect(tokens.input + tokens.output).toBeLessThanOrEqual(16_000);
  });

  it('a limit too small to try anything stops the run, which goes on with a larger one and the same flags', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const train = (more: string[]) => runApo(['train', ...more], { cwd: folder, env });
    const first = trainArguments(['--seed', '3', '--max-rollouts']).slice(1);
    for (const algorithm of ['gepa', 'beam', 'apo']) {
      const tiny = await train([...first, '2', '--algorithm', algorithm]);
      expect(tiny.code, tiny.stderr).toBe(5);
      // Also where, as with beam, the search cannot even begin.
      expect(tiny.stdout).toMatch(/^not enough data to tell · stopped \(budget-reached\)/);
      expect(tiny.stderr).toMatch(/^error: .*--max-rollouts: apo train --resume run-\S+\n$/);
    }
    const other = await train(['--resume', '--seed', '4']);
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toMatch(
      /^error: --seed cannot be changed on resume: run run-\S+ was started with "3" - .*\n$/,
    );
    const done = await train([...first, '30', '--resume']);
    expect(done.code, done.stderr).toBe(0);
    expect(done.stdout.split('\n')[0]).toMatch(/ · completed \(budget\) · run-/);
    expect((await train(['--resume', '--dry-run'])).code).toBe(2);
  });

  it('tells estimated tokens from counted ones wherever it shows them', async () => {
    await using world = await startWorld({
      override: (request) => {
        if (request.body.model !== 'agent-model') return undefined;
        const { usage: _none, ...rest } = completion(request, 'an answer') as { usage: object };
        return { raw: rest };
      },
    });
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const given = trainArguments(['--max-rollouts', '20', '--agent-model', 'agent-model']);
    const ended = await runApo(given, { cwd: folder, env });
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/\d+ tokens \(partly estimated\), cost unknown/);
    const [run = ''] = readdirSync(join(folder, 'results/runs'));
    const files = join(folder, 'results/runs', run);
    expect(JSON.parse(readFileSync(join(files, 'result.json'), 'utf8')).usage.estimated).toBe(true);
    expect(readFileSync(join(files, 'report.md'), 'utf8')).toContain('partly estimated');
  });

  it('prints exactly one JSON object with the promised keys', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const ended = await runApo(trainArguments(['--max-rollouts', '60', '--json', '--seed', '7']), { cwd: folder, env });
    expect(ended.stderr).toBe('');
    expect(ended.code).toBe(0);
    const result = JSON.parse(ended.stdout);
    expect(result).toMatchObject({
      runId: expect.stringMatching(/^run-/),
      status: 'completed',
      reason: expect.any(String),
      algorithm: 'apo',
      seed: 7,
      baseline: {
        promptId: expect.stringMatching(/^p-/),
        score: expect.any(Number),
        interval: [expect.any(Number), expect.any(Number)],
        n: expect.any(Number),
      },
      best: { promptId: expect.any(String), text: expect.any(String), score: expect.any(Number) },
      usage: {
        calls: { agent: expect.any(Number), grader: 0, critic: expect.any(Number), editor: expect.any(Number) },
        tokens: { input: expect.any(Number), output: expect.any(Number) },
        estimated: false,
      },
      durationMs: expect.any(Number),
      files: expect.any(Object),
    });
    expect(result.usage.rollouts).toBeLessThanOrEqual(60);
    expect(world.requests.length).toBe(
      Object.values<number>(result.usage.calls).reduce((sum, count) => sum + count, 0),
    );
  });

  it('gives the same result at concurrency 1, 8 and 64', async () => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const results: string[] = [];
    for (const concurrency of ['1', '8', '64']) {
      const run = trainArguments([
        '--max-rollouts',
        '60',
        '--json',
        '--concurrency',
        concurrency,
        '--results',
        `out-${concurrency}`,
      ]);
      results.push(lasting(JSON.parse((await runApo(run, { cwd: folder, env })).stdout)));
    }
    expect(new Set(results).size).toBe(1);
  });

  it('beam makes the calls of the reference: 229 rollouts and 16 optimizer calls in the room-selector shape', async () => {
    await using world = await startWorld();
    writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(58));
    writeFileSync(
      join(folder, 'apo.yaml'),
      'split: { val: 0.5 }\nalgorithm: { use: beam, beamWidth: 2, branchFactor: 2, gradientBatch: 4, validationBatch: 10 }\niterations: 2\n',
    );
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const { usage, algorithm } = JSON.parse((await runApo(trainArguments(['--json']), { cwd: folder, env })).stdout);
    expect(algorithm).toBe('beam');
    // Rejected or empty proposals are not ranked, which can only save rollouts.
    expect(usage.rollouts).toBeLessThanOrEqual(229);
    expect(usage.calls.critic).toBe(8);
    expect(usage.calls.editor).toBeLessThanOrEqual(8);
  });

  it.each([
    ['rollouts', ['--max-rollouts', '45']],
    ['calls', ['--max-calls', '50']],
  ])('stops on a budget of %s with exit code 5, and goes on with a larger one', async (_what, limit) => {
    await using world = await startWorld();
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const stopped = await runApo(trainArguments(['--algorithm', 'beam', '--iterations', '1', '--json', ...limit]), {
      cwd: folder,
      env,
    });
    expect(stopped.code).toBe(5);
    const { runId, status } = JSON.parse(stopped.stdout);
    expect(status).toBe('stopped');
    expect(stopped.stderr.trim()).toMatch(new RegExp(`apo train --resume ${runId}$`));
    const before = world.requests.length;
    const resumed = await runApo(['train', '--resume', '--json', '--quiet', limit[0] as string, '2000'], {
      cwd: folder,
      env,
    });
    expect(resumed.code).toBe(0);
    const result = JSON.parse(resumed.stdout);
    expect(result).toMatchObject({ runId, status: 'completed' });
    const calls = Object.values<number>(result.usage.calls).reduce((sum, count) => sum + count, 0);
    expect(world.requests.length, `${before} calls before`).toBe(calls);
  });

  it.each([
    ['apo', '--max-calls', '160'],
    ['protegi', '--max-calls', '160'],
    ['beam', '--max-calls', '80'],
    ['apo', '--max-tokens', '40000'],
  ])(
    '%s keeps enough of %s %s for a score and a verdict, and resumed with the same limit it says the same',
    async (algorithm, flag, limit) => {
      await using world = await startWorld();
      const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
      const ended = await runApo(trainArguments(['--algorithm', algorithm, '--json', '--quiet', flag, limit]), {
        cwd: folder,
        env,
      });
      expect(ended.code, ended.stderr).toBe(5);
      const result = JSON.parse(ended.stdout);
      expect(result).toMatchObject({ status: 'stopped', reason: 'budget-reached' });
      expect(result.best.score).toBeGreaterThan(0);
      expect(result.best.n).toBe(result.baseline.n);
      expect(result.best.score).toBeGreaterThanOrEqual(result.baseline.score);
      const { calls, tokens } = result.usage;
      const spent = flag === '--max-calls' ? calls.agent + calls.critic + calls.editor : tokens.input + tokens.output;
      expect(spent).toBeLessThanOrEqual(Number(limit));
      const again = JSON.parse((await runApo(['train', '--resume', '--json', '--quiet'], { cwd: folder, env })).stdout);
      expect(again).toMatchObject({ baseline: result.baseline, best: result.best, verdict: result.verdict });
    },
  );

  it('never shows the key, also when the provider repeats it in its errors', async () => {
    await using world = await startWorld({
      faults: ({ number }) =>
        number % 9 === 0 ? { status: 500, body: { error: { message: `bad key ${KEY}` } } } : undefined,
    });
    const env = { OPENAI_BASE_URL: world.url, OPENAI_API_KEY: KEY };
    const ended = await runApo(trainArguments(['--max-rollouts', '30', '--json']), { cwd: folder, env });
    expect(ended.code).toBe(0);
    expect(`${ended.stdout}${ended.stderr}${allBytes(folder)}`).not.toContain(KEY);
  });
});
