import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import createStore from '../../src/stores/sqlite.ts';
import type { StoredRollout } from '../../src/stores/store.ts';
import type { FakeReply, FakeRequest, Fault } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { repositoryPath, runApo, runNode, runProcess } from '../helpers/process.ts';
import { KEY, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(16));
});

const environment = (url: string) => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: KEY });
const SMALL = ['--max-rollouts', '16', '--json'];

function train(url: string, more: readonly string[] = [], grader?: string) {
  const given = [...trainArguments([...SMALL, ...more])];
  if (grader !== undefined) given[given.indexOf('exact')] = grader;
  return runApo(given, { cwd: folder, env: environment(url) });
}
function resume(url: string, more: readonly string[] = []) {
  return runApo(['train', '--resume', '--json', '--quiet', ...more], { cwd: folder, env: environment(url) });
}
/** The stored rollouts of the newest run. */
async function rollouts(stdout: string): Promise<{ status: string; failure: object | null; grade: object }[]> {
  const { files, runId } = JSON.parse(stdout);
  const store = createStore({ path: files.store, create: false }, { folder });
  const all: StoredRollout[] = [];
  for await (const rollout of store.rollouts.list({ runId })) all.push(rollout);
  await store.close();
  return all.map(({ rollout: { status, failure }, grade }) => ({ status, failure, grade }));
}
describe('faults of the provider, seen by a whole run', () => {
  it('B5 waits as long as a 429 asks, shrinks the concurrency once, and shows both', async () => {
    let limitedAt = 0;
    let nextAt = 0;
    await using world = await startWorld({
      faults({ number }): Fault | undefined {
        if (number === 10) {
          limitedAt = performance.now();
          return { status: 429, headers: { 'retry-after': '1' } };
        }
        if (limitedAt > 0 && nextAt === 0 && performance.now() > limitedAt + 500) nextAt = performance.now();
        return undefined;
      },
    });
    const given = trainArguments(['--max-rollouts', '40', '--concurrency', '5', '--results', 'out']).filter(
      (flag) => flag !== '--quiet',
    );
    const ended = await runApo(given, { cwd: folder, env: environment(world.url) });
    expect(ended.code, ended.stderr).toBe(0);
    expect(nextAt - limitedAt).toBeGreaterThan(980);
    expect(ended.stderr).toContain('concurrency 4 of 5');
    const [report = ''] = [...ended.stdout.matchAll(/report: (\S+)/g)].map(([, path]) => path);
    expect(readFileSync(join(folder, report), 'utf8')).toMatch(/1 attempts were tried again; .* from 5 to 4/);
  });

  it('B5 exhausted quota pauses the run with exit 4, and it goes on once there is credit', async () => {
    let credit = false;
    await using world = await startWorld({
      faults: ({ number }) =>
        !credit && number > 8
          ? { status: 429, body: { error: { message: 'empty', code: 'insufficient_quota' } } }
          : undefined,
    });
    const paused = await train(world.url);
    expect(paused.code).toBe(4);
    expect(JSON.parse(paused.stdout)).toMatchObject({ status: 'stopped', reason: 'provider-quota' });
    credit = true;
    const done = await resume(world.url);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout).status).toBe('completed');
  });

  it('B5 a critic that refuses everything stops the run instead of spending the budget for nothing', async () => {
    await using world = await startWorld({
      override: ({ body }) =>
        body.model === 'deaf'
          ? { message: { role: 'assistant', content: null, refusal: 'I cannot help.' } }
          : undefined,
    });
    const ended = await train(world.url, ['--critic-model', 'deaf', '--max-rollouts', '200']);
    expect(ended.code, ended.stderr).toBe(1);
    expect(ended.stderr).toMatch(/none of 6 replies of the critic model is usable: .*--critic-model/);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'failed', reason: 'step-failed' });
    expect(ended.stderr).not.toContain('--resume');
    expect(world.requests.length).toBeLessThan(120);
  });

  it('R01 B5 a critic that is down from the start pauses the run, and it goes on once it is back', async () => {
    let isDown = true;
    await using world = await startWorld({
      faults: ({ body }) => (isDown && body.model === 'critic-model' ? { status: 200, body: 'null' } : undefined),
    });
    const flags = ['--critic-model', 'critic-model', '--max-rollouts', '60'];
    const paused = await train(world.url, flags);
    expect(paused.code, paused.stderr).toBe(4);
    expect(JSON.parse(paused.stdout)).toMatchObject({ status: 'stopped', reason: 'provider-unavailable' });
    isDown = false;
    const otherCalls = (): number => world.requests.filter(({ body }) => body.model !== 'critic-model').length;
    const counted = (stdout: string): number => {
      const { usage } = JSON.parse(stdout);
      return usage.rollouts + usage.calls.editor;
    };
    const paid = otherCalls();
    const done = await resume(world.url);
    expect(done.code, done.stderr).toBe(0);
    // R16: the rollouts of the way without a critic are paid for, too, and the comparison at the end is within the limit.
    expect(JSON.parse(done.stdout).usage.rollouts).toBeLessThanOrEqual(60);
    expect(JSON.parse(done.stdout).baseline.n).toBeGreaterThan(0);
    expect(JSON.parse(done.stdout).usage.calls.critic).toBeGreaterThan(0);
    expect(otherCalls()).toBe(paid + counted(done.stdout) - counted(paused.stdout));
  });

  const SPECIAL = 'task-number-3';
  const isSpecial = ({ body }: FakeRequest): boolean =>
    body.model === 'agent-model' && body.messages.some(({ content }) => content?.includes(SPECIAL));
  const again = { id: 'a', type: 'function', function: { name: 'again', arguments: '{}' } };
  const overflow = { message: 'too long', code: 'context_length_exceeded' };

  it.each<[string, { readonly reply?: FakeReply; readonly fault?: Fault }, string, object | null]>([
    ['a refusal', { reply: { message: { content: null, refusal: 'I will not.' } } }, 'refused', null],
    ['a content filter', { reply: { message: { content: null }, finishReason: 'content_filter' } }, 'refused', null],
    ['a length stop', { reply: { message: { content: 'half an ans' }, finishReason: 'length' } }, 'truncated', null],
    ['empty content', { reply: { message: { content: '' } } }, 'failed', { kind: 'agent' }],
    [
      'an endless tool loop',
      { reply: { message: { tool_calls: [again] }, finishReason: 'tool_calls' } },
      'failed',
      { kind: 'agent' },
    ],
    ['a context overflow', { fault: { status: 400, body: { error: overflow } } }, 'failed', { kind: 'agent' }],
  ])('B5 %s is a fact about one rollout, and the run goes on', async (_what, { reply, fault }, status, failure) => {
    const lines = worldTasks(16).split('\n');
    const special = { ...JSON.parse(lines[3] as string), input: `Please answer ${SPECIAL}.` };
    writeFileSync(
      join(folder, 'tasks.jsonl'),
      [...lines.filter((_line, at) => at !== 3), JSON.stringify(special)].join('\n'),
    );
    await using world = await startWorld({
      override: (request) => (isSpecial(request) ? reply : undefined),
      faults: (request) => (isSpecial(request) ? fault : undefined),
    });
    const ended = await train(world.url, ['--agent-model', 'agent-model', '--max-rollouts', '24']);
    expect(ended.code, ended.stderr).toBe(0);
    const odd = (await rollouts(ended.stdout)).filter((rollout) => rollout.status !== 'ok');
    expect(odd.length).toBeGreaterThan(0);
    for (const rollout of odd) {
      expect(rollout.status).toBe(status);
      if (failure === null) expect(rollout.failure).toBeNull();
      else expect(rollout.failure).toMatchObject(failure);
      expect(rollout.grade).toMatchObject({ status: 'scored', score: 0 });
    }
    const { usage, files } = JSON.parse(ended.stdout);
    expect(usage.outcomes).toMatchObject({ ok: usage.rollouts - odd.length, [status]: odd.length, unscored: 0 });
    const report = readFileSync(files.report, 'utf8');
    expect(report).toMatch(new RegExp(`of these rollouts ${odd.length} `));
    expect(report.includes('models.agent.maxOutputTokens raises it')).toBe(status === 'truncated');
    // Bounded: at most one rollout's turns for each.
    expect(world.requests.filter(isSpecial).length).toBeLessThanOrEqual(8 * odd.length);
  });

  const verdict = (score: number, reason = 'as expected'): string =>
    JSON.stringify({ accuracy: score, reasoning: score, score, reason });

  it('B5 a grade that is cut off is asked for once more with a higher limit', async () => {
    const limits: unknown[] = [];
    await using world = await startWorld({
      override({ body }) {
        if (body.model !== 'judge') return undefined;
        limits.push(body.max_completion_tokens);
        return body.max_completion_tokens === 2048
          ? { message: { content: '{"score": 0.' }, finishReason: 'length' }
          : verdict(0.5);
      },
    });
    const ended = await train(world.url, ['--grader-model', 'judge'], 'llm');
    expect(ended.code, ended.stderr).toBe(0);
    expect(limits.filter((limit) => limit === 8192)).toHaveLength(limits.length / 2);
    for (const { grade } of await rollouts(ended.stdout)) expect(grade).toMatchObject({ status: 'scored', score: 0.5 });
  });

  it('R21 grades off the scale are no zeros: unscored above the threshold they stop the step', async () => {
    await using world = await startWorld({ override: ({ body }) => (body.model === 'judge' ? verdict(7) : undefined) });
    const ended = await train(world.url, ['--grader-model', 'judge'], 'llm');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/100 % of the rollouts are failed or unscored \(limit 10 %\).*outside 0\.\.1/);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'stopped', reason: 'step-failed', best: { score: null } });
  });

  it('B5 verdicts that could not be used are asked for again when the run is resumed, answers are not', async () => {
    let isBroken = true;
    await using world = await startWorld({
      override: ({ body }) =>
        body.model !== 'judge' ? undefined : isBroken ? { message: { content: null, refusal: 'No.' } } : verdict(0.5),
    });
    const stopped = await train(world.url, ['--grader-model', 'judge'], 'llm');
    expect(stopped.stderr).toMatch(/unscored .* fix the cause, then resume/);
    const again = await resume(world.url);
    expect(again.code).toBe(1);
    isBroken = false;
    const paid = world.requests.filter(({ body }) => body.model !== 'judge').map(({ text }) => text);
    const done = await resume(world.url);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ status: 'completed', usage: { outcomes: { unscored: 0 } } });
    const later = world.requests.filter(({ body }) => body.model !== 'judge').slice(paid.length);
    expect(later.filter(({ text }) => paid.includes(text))).toEqual([]);
  });

  it('R21 a share of failures below the threshold is left out of the scores and not counted as 0', async () => {
    await using world = await startWorld({
      override: ({ body }) =>
        body.model === 'judge'
          ? verdict(body.messages.some(({ content }) => content?.includes(SPECIAL)) ? 7 : 1)
          : undefined,
    });
    const lines = worldTasks(40).split('\n');
    const special = { ...JSON.parse(lines[0] as string), input: `Please answer ${SPECIAL}.` };
    writeFileSync(join(folder, 'tasks.jsonl'), [JSON.stringify(special), ...lines.slice(1)].join('\n'));
    const ended = await train(
      world.url,
      ['--grader-model', 'judge', '--algorithm', 'beam', '--max-rollouts', '30'],
      'llm',
    );
    const grades = (await rollouts(ended.stdout)).map(({ grade }) => grade);
    for (const grade of grades) expect(grade).not.toMatchObject({ status: 'scored', score: 0 });
    expect(JSON.parse(ended.stdout).baseline.score).toBe(1);
  });

  it.each<[string, FakeReply, RegExp]>([
    ['one long text for every task', `${'The same words again. '.repeat(12)}`, /are the same text.*cache/],
  ])('R21 %s stop the step with a clear line', async (_what, reply, line) => {
    writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(60));
    await using world = await startWorld({
      override: ({ body }) => (body.model === 'agent-model' ? reply : undefined),
    });
    const ended = await train(world.url, ['--agent-model', 'agent-model', '--max-rollouts', '60']);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(line);
  });

  it.each<[string, { readonly reply?: FakeReply; readonly fault?: Fault }, RegExp]>([
    ['empty content', { reply: { message: { content: '' } } }, /all of the last \d+ .*: the answer is empty/],
    ['a context overflow', { fault: { status: 400, body: { error: overflow } } }, /all of the last \d+ .*too long/],
    ['a refusal', { reply: { message: { content: null, refusal: 'I will not.' } } }, /all of the last \d+ .*refused/],
    [
      'a content filter',
      { reply: { message: { content: null }, finishReason: 'content_filter' } },
      /all of the last \d+ .*refused/,
    ],
  ])('R21 %s on every task stops the run early with one line', async (_what, { reply, fault }, line) => {
    const isAgent = ({ body }: FakeRequest): boolean => body.model === 'agent-model';
    await using world = await startWorld({
      override: (request) => (isAgent(request) ? reply : undefined),
      faults: (request) => (isAgent(request) ? fault : undefined),
    });
    for (const algorithm of ['apo', 'beam']) {
      const before = world.requests.length;
      const more = ['--agent-model', 'agent-model', '--max-rollouts', '60', '--algorithm', algorithm];
      const ended = await train(world.url, more);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(line);
      expect(ended.stderr).not.toContain('--resume');
      expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'failed', reason: 'step-failed' });
      // Beam asks for all its rollouts at once.
      if (algorithm === 'apo') expect(world.requests.length - before).toBeLessThan(40);
    }
  });

  it('R21 equal scores alone are no alarm', async () => {
    await using world = await startWorld({ override: ({ body }) => (body.model === 'agent-model' ? 'no' : undefined) });
    const ended = await train(world.url, ['--agent-model', 'agent-model', '--max-rollouts', '40']);
    expect(ended.code, ended.stderr).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ status: 'completed', best: { score: 0 } });
  });

  it('R16 a cost limit without a price is refused before anything is sent or stored', async () => {
    await using world = await startWorld();
    const ended = await train(world.url, ['--agent-model', 'our-own', '--max-cost', '1']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^error: --max-cost needs the price of the agent model "our-own".* - set prices: /);
    expect(ended.stdout).toBe('');
    expect(world.requests).toHaveLength(0);
    expect(existsSync(join(folder, 'results/apo.db'))).toBe(false);
  });

  it('R16 a cost limit holds, and a larger one goes on', async () => {
    await using world = await startWorld();
    writeFileSync(join(folder, 'apo.yaml'), 'prices: { "*": { input: 1000, output: 1000 } }');
    const stopped = await train(world.url, ['--max-cost', '6']);
    expect(stopped.code, stopped.stderr).toBe(5);
    const { costUsd } = JSON.parse(stopped.stdout).usage;
    expect(costUsd).toBeLessThanOrEqual(6);
    expect(costUsd).toBeGreaterThan(0);
    const done = await resume(world.url, ['--max-cost', '1000']);
    expect(done.code, done.stderr).toBe(0);
    const texts = world.requests.map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('names role, model and host once', async () => {
    await using world = await startWorld({ faults: () => ({ status: 401, body: { error: { message: 'no' } } }) });
    const { stderr } = await train(world.url);
    expect(stderr.match(/gpt-4\.1-mini/g)).toHaveLength(1);
    expect(stderr.match(/127\.0\.0\.1/g)).toHaveLength(1);
  });
});

describe('faults of the disk and of other processes, seen by a whole run', () => {
  it('R06 a second trainer on the same run is refused by name and host, and disturbs nothing', async () => {
    let arrived: (() => void) | undefined;
    const started = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let open = false;
    await using world = await startWorld({
      faults({ number }) {
        if (number >= 6) arrived?.();
        return open || number < 6 ? undefined : { latencyMs: 1500 };
      },
    });
    const first = train(world.url);
    await started;
    const second = await resume(world.url);
    expect(second.code).toBe(6);
    expect(second.stderr).toMatch(/is being trained by process \d+ on \S+ - wait until it ends/);
    open = true;
    const ended = await first;
    expect(ended.code, ended.stderr).toBe(0);
    const texts = world.requests.map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('R08 a full disk pauses the run with exit 6, and it goes on when there is space', async () => {
    await using world = await startWorld();
    const given = trainArguments(SMALL)
      .map((word) => `'${word}'`)
      .join(' ');
    const limited = `ulimit -f 600; exec '${process.execPath}' '${repositoryPath('dist/cli.js')}' ${given}`;
    const paused = await runProcess('sh', ['-c', limited], { cwd: folder, env: environment(world.url) });
    expect(paused.code, paused.stderr).toBe(6);
    expect(paused.stderr.trim().split('\n').at(-1)).toMatch(/^error: .*apo train --resume run-\S+$/);
    expect(JSON.parse(paused.stdout)).toMatchObject({ status: 'stopped', reason: expect.stringMatching(/-write$/) });
    const done = await resume(world.url);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout).status).toBe('completed');
  });

  it('R08 one failed sync of the log is not trusted again: the run pauses with exit 6, and it goes on', async () => {
    await using world = await startWorld();
    const preload = ['--import', repositoryPath('tests/helpers/fault-points.js')];
    const paused = await runNode([...preload, repositoryPath('dist/cli.js'), ...trainArguments(SMALL)], {
      cwd: folder,
      env: { ...environment(world.url), FAULT: 'EIO', FAULT_AT: '6', FAULT_ONLY: 'fdatasync' },
    });
    expect(paused.code, paused.stderr).toBe(6);
    expect(paused.stderr).toMatch(/EIO.*apo train --resume run-\S+$/m);
    const sent = world.requests.length;
    const done = await resume(world.url);
    expect(done.code, done.stderr).toBe(0);
    const repeated = world.requests.length - new Set(world.requests.map(({ text }) => text)).size;
    expect(sent).toBeLessThan(20);
    expect(repeated).toBeLessThanOrEqual(8);
  });

  it('R09 a results folder that cannot be written pauses the run, and nothing in it is half written', async () => {
    const blocked = join(folder, 'results/trajectories');
    await using world = await startWorld({
      faults({ number }) {
        if (number !== 6) return undefined;
        // A file where the folder should be stops root too.
        rmSync(blocked, { recursive: true });
        writeFileSync(blocked, 'in the way');
        return undefined;
      },
    });
    const paused = await train(world.url);
    expect(paused.code, paused.stderr).toBe(6);
    expect(paused.stderr.trim().split('\n').at(-1)).toMatch(/apo train --resume run-\S+$/);
    expect(readFileSync(blocked, 'utf8')).toBe('in the way');
    const before = world.requests.length;
    const done = await resume(world.url, ['--trace-dir', 'elsewhere']);
    expect(done.code, done.stderr).toBe(0);
    expect(world.requests.length).toBe(before);
  });

  it('R08 a results folder that gets lost during the run leaves one JSON object that says so', async () => {
    await using world = await startWorld({
      faults({ number }) {
        if (number === 6) writeFileSync(join(folder, 'results/runs'), 'in the way');
        return undefined;
      },
    });
    const paused = await train(world.url);
    expect(paused.code, paused.stderr).toBe(6);
    const result = JSON.parse(paused.stdout);
    expect(result).toMatchObject({ status: 'stopped', reason: 'file-write', files: {} });
    expect(paused.stderr).toContain(`apo train --resume ${result.runId}`);
    rmSync(join(folder, 'results/runs'));
    const before = world.requests.length;
    const done = await resume(world.url);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ runId: result.runId, status: 'completed' });
    expect(world.requests.length).toBe(before);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['foreign', (path) => writeFileSync(path, 'these are my notes, not a database\n'.repeat(40)), /is not/],
    ['unreadable', (path) => mkdirSync(path), /./],
  ])('R07 a %s store is refused with exit 6 before anything is sent', async (_what, make, line) => {
    await using world = await startWorld();
    mkdirSync(join(folder, 'results'));
    const path = join(folder, 'results/apo.db');
    make(path);
    const ended = await train(world.url);
    expect(ended.code).toBe(6);
    expect(ended.stderr).toMatch(line);
    expect(ended.stderr).toContain(path);
    expect(world.requests).toHaveLength(0);
    chmodSync(path, 0o700);
  });
});
