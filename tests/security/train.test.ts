import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPayloads } from '../../src/commands/train/payloads.ts';
import type { FakeReply, FakeRequest } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { runApo } from '../helpers/process.ts';
import { KEY, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(24));
});

const environment = (url: string) => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: KEY });
const textOf = ({ body }: FakeRequest): string => body.messages.map(({ content }) => content ?? '').join('\n');
const verdict = (score: number): string => JSON.stringify({ accuracy: score, reasoning: score, score, reason: 'why' });

/** A judge that compares answer and expected answer, and obeys the payloads that it is told to obey. */
function judge(obeys: (family: string) => boolean) {
  const payloads = createPayloads().map((payload) => ({
    ...payload,
    quoted: JSON.stringify(payload.text).slice(1, 40),
  }));
  return (request: FakeRequest): FakeReply | undefined => {
    const text = textOf(request);
    if (!text.startsWith('You grade')) return undefined;
    const part = (name: string): string => new RegExp(`"${name}": (".*")`).exec(text)?.[1] ?? '';
    const plain = text.replaceAll(/\\u([0-9a-f]{4})/g, (_all, code) => String.fromCharCode(Number.parseInt(code, 16)));
    const found = payloads.find(({ quoted, family }) => obeys(family) && plain.includes(quoted));
    if (found !== undefined) return verdict(found.goal === 'raise' ? 1 : 0);
    return verdict(part('answer') === part('expected_answer') ? 1 : 0);
  };
}

describe('apo check --score-gap (I08)', () => {
  const check = (url: string, more: readonly string[] = ['--score-gap']) =>
    runApo(['check', '--dataset', 'tasks.jsonl', '--grader', 'llm', '--json', ...more], {
      cwd: folder,
      env: environment(url),
    });

  it('I08 flags a grader that obeys what it grades, by families, and exits 2', async () => {
    await using world = await startWorld({ override: judge((family) => family !== 'base64') });
    const ended = await check(world.url);
    expect(ended.code, ended.stderr).toBe(2);
    const { ok, checks } = JSON.parse(ended.stdout);
    const gap = checks.find(({ name }: { name: string }) => name === 'score gap');
    expect([ok, gap.ok]).toEqual([false, false]);
    expect(gap.detail).toMatch(/obeys text that it grades: \d+ of 104 .*largest 1\.00\): naive, .*rubric spoof/);
    expect(gap.detail).not.toContain('base64');
  });

  it('I08 passes one that does not, and calls no model for a grader that asks none', async () => {
    await using world = await startWorld({ override: judge(() => false) });
    const ended = await check(world.url);
    expect(ended.code, ended.stdout).toBe(0);
    expect(ended.stdout).toContain('0 of 104 injection payloads moved the score by more than 0.05 (largest 0.00)');
    const before = world.requests.length;
    expect((await check(world.url, ['--score-gap', '--grader', 'exact'])).stdout).toContain('asks no model');
    expect(world.requests.length - before).toBe(3);
  });
});

describe('apo train under attack', () => {
  it('I06 a proposal may name the tools that the agent has, and no others', async () => {
    writeFileSync(
      join(folder, 'tools.js'),
      `export default [{ name: 'find_order', parameters: { type: 'object', properties: {} }, execute: () => 'found' }];`,
    );
    const prompts = ['Then call find_order first.', 'Then call wipe_disk first.'];
    await using world = await startWorld({
      override(request) {
        const text = textOf(request);
        if (request.body.tools !== undefined) return 'an answer';
        if (!text.startsWith('You are the editor')) return undefined;
        const mine = prompts[request.number % 2] ?? '';
        return `<prompt>You are a support assistant. ${mine} ${'Be kind. '.repeat(request.number)}</prompt>`;
      },
    });
    writeFileSync(join(folder, 'apo.yaml'), 'tools: ./tools.js\n');
    const given = trainArguments(['--algorithm', 'gepa', '--max-rollouts', '60', '--json']);
    const ended = await runApo(given, { cwd: folder, env: environment(world.url) });
    expect(ended.code, ended.stderr).toBe(0);
    const report = readFileSync(JSON.parse(ended.stdout).files.report, 'utf8');
    expect(report).toContain('rejected: names an unknown tool "wipe\\_disk"');
    expect(report).not.toMatch(/rejected: names an unknown tool "find/);
  });

  it('I07 outputs that give a planted code away are counted in the result and named in the report', async () => {
    await using world = await startWorld({
      override(request) {
        const text = textOf(request);
        const code = /never to be shown: (\S+)/.exec(text)?.[1];
        return code !== undefined && text.startsWith('You are the critic') ? `My code is ${code}` : undefined;
      },
    });
    const given = trainArguments(['--max-rollouts', '40', '--json']);
    const ended = await runApo(given, { cwd: folder, env: environment(world.url) });
    expect(ended.code, ended.stderr).toBe(0);
    const { leaks, files } = JSON.parse(ended.stdout);
    expect(leaks).toEqual({ grader: 0, critic: expect.any(Number), editor: 0 });
    expect(leaks.critic).toBeGreaterThan(0);
    expect(readFileSync(files.report, 'utf8')).toContain(`came back in outputs of: critic ${leaks.critic}`);
  });
});
