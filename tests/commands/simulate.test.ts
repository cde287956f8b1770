import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import OpenAI, { APIConnectionError, RateLimitError } from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CLI = join(ROOT, 'dist/cli.js');
const QUICKSTART = join(ROOT, 'datasets/quickstart.jsonl');
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

type Server = { readonly url: string; readonly line: string; readonly child: ChildProcess; readonly client: OpenAI };

function start(...args: string[]): Promise<Server> {
  const child = spawn(process.execPath, [CLI, 'simulate', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  return new Promise((done, fail) => {
    let text = '';
    let failed = '';
    child.stderr?.on('data', (chunk) => {
      failed += chunk;
    });
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const url = /http:\S+/.exec(text)?.[0];
      if (url !== undefined && text.endsWith('\n')) {
        done({ url, line: text, child, client: new OpenAI({ baseURL: url, apiKey: 'none', maxRetries: 0 }) });
      }
    });
    child.on('exit', (code) => fail(new Error(`ended with ${code}: ${failed}`)));
  });
}

const tasks = readFileSync(QUICKSTART, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { input: string; expected: string });
const [task] = tasks;
const asked = { role: 'user', content: task?.input ?? '' } as const;
const tool = {
  type: 'function',
  function: {
    name: 'lookup_order',
    description: 'Looks an order up',
    parameters: { type: 'object', properties: { order: { type: 'string' } }, required: ['order'] },
  },
} as const;

describe('apo simulate', () => {
  it('prints one line, serves models and answers, says that it is simulated and stops clean', async () => {
    const { client, line, child } = await start();
    expect(line).toMatch(/^simulated model \(world quickstart, seed 1\) at http:\/\/127\.0\.0\.1:\d+\/v1\n$/);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('sim-agent');
    const reply = await client.chat.completions.create({ model: 'sim-agent', messages: [asked] });
    expect(reply.choices[0]?.message.content).toBe(task?.expected);
    expect(reply.choices[0]?.finish_reason).toBe('stop');
    expect(reply.model).toBe('simulated:sim-agent');
    expect(reply.system_fingerprint).toBe('simulated');
    expect(reply.usage?.prompt_tokens).toBe(Math.ceil(asked.content.length / 4));
    const ended = new Promise((done) => child.on('exit', (code, signal) => done([code, signal])));
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  it('streams text, tool calls in pieces, and usage, and answers after the tool result', async () => {
    const { client } = await start();
    const request = { model: 'sim-agent', messages: [{ ...asked }], stream_options: { include_usage: true } };
    const text: string[] = [];
    let tokens = 0;
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
      text.push(chunk.choices[0]?.delta.content ?? '');
      tokens += chunk.usage?.completion_tokens ?? 0;
    }
    expect(text.join('')).toBe(task?.expected);
    expect(tokens).toBe(Math.ceil((task?.expected.length ?? 0) / 4));

    const called = await client.chat.completions.stream({ ...request, tools: [tool] }).finalChatCompletion();
    const [call] = called.choices[0]?.message.tool_calls ?? [];
    expect(called.choices[0]?.finish_reason).toBe('tool_calls');
    if (call?.type !== 'function') throw new Error('no function call');
    expect(JSON.parse(call.function.arguments)).toEqual({ order: /order (\d+)/.exec(asked.content)?.[1] });
    const answered = await client.chat.completions.create({
      model: 'sim-agent',
      tools: [tool],
      messages: [
        asked,
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: 'sent' },
      ],
    });
    expect(answered.choices[0]?.message.content).toBe(task?.expected);
  });

  it('grades under a JSON schema and as a JSON object', async () => {
    const { client } = await start();
    const messages = [
      {
        role: 'user',
        content: `Grade the answer. Give a score 0 to 1.\nExpected: ${task?.expected}\n${task?.input}\nAnswer: nothing`,
      },
    ] as const;
    const schema = { type: 'object', properties: { score: { type: 'number' }, reason: { type: 'string' } } };
    for (const format of [
      { type: 'json_schema', json_schema: { name: 'grade', schema } },
      { type: 'json_object' },
    ] as const) {
      const reply = await client.chat.completions.create({
        model: 'sim-judge',
        messages: [...messages],
        response_format: format,
      });
      const grade = JSON.parse(reply.choices[0]?.message.content ?? '');
      expect(grade).toEqual({ score: expect.any(Number), reason: expect.any(String) });
      expect(grade.score).toBeLessThan(0.5);
    }
  });

  it('gives equal requests equal answers, new ones for other seeds, and with --fresh for repeats', async () => {
    const hard = {
      role: 'user',
      content: tasks.find(({ expected }) => expected.split(': ').length === 4)?.input ?? '',
    } as const;
    const say = async ({ client }: Server, seed?: number): Promise<string> => {
      const reply = await client.chat.completions.create({
        model: 'x',
        messages: [hard],
        ...(seed === undefined ? {} : { seed }),
      });
      return reply.choices[0]?.message.content ?? '';
    };
    const steady = await start();
    const ten = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(new Set(await Promise.all(ten.map(() => say(steady)))).size).toBe(1);
    expect(new Set(await Promise.all(ten.map((seed) => say(steady, seed)))).size).toBeGreaterThan(3);
    const fresh = await start('--fresh');
    expect(new Set(await Promise.all(ten.map(() => say(fresh)))).size).toBeGreaterThan(3);
  });

  it('answers bad requests with OpenAI error bodies', async () => {
    const { url } = await start();
    const post = (body: string): Promise<Response> => fetch(`${url}/chat/completions`, { method: 'POST', body });
    for (const body of ['{', '[]', '{"messages":[]}', '{"model":"x"}', '{"model":"x","messages":[7]}']) {
      const reply = await post(body);
      expect(reply.status).toBe(400);
      expect(await reply.json()).toMatchObject({
        error: { type: 'invalid_request_error', message: expect.any(String) },
      });
    }
    const unknown = await fetch(`${url}/other`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({
      error: { code: 'unknown_url', message: expect.stringMatching(/GET \/v1\/other .*POST \/v1\/chat\/completions/) },
    });
  });

  it('breaks what the fault plan says: status, dropped, cut and broken replies, by number, step and role', async () => {
    const file = join(temporaryFolder(), 'plan.json');
    const plan = [
      { kind: 'status', status: 429, retryAfter: 7, requests: [1] },
      { kind: 'drop', requests: [2] },
      { kind: 'truncated', requests: [3] },
      { kind: 'broken-json', requests: [4] },
      { kind: 'status', status: 503, role: 'judge' },
      { kind: 'length', every: 6, to: 6 },
    ];
    writeFileSync(file, JSON.stringify(plan));
    const { client } = await start('--fault-plan', file);
    const call = (model = 'sim-agent') => client.chat.completions.create({ model, messages: [asked] });
    const limited = await call().catch((error: unknown) => error);
    expect(limited).toBeInstanceOf(RateLimitError);
    expect((limited as RateLimitError).headers.get('retry-after')).toBe('7');
    expect(await call().catch((error: unknown) => error)).toBeInstanceOf(APIConnectionError);
    await expect(call()).rejects.toThrow();
    await expect(call()).rejects.toThrow();
    const judged = client.chat.completions.create({
      model: 'sim-judge',
      messages: [{ role: 'user', content: 'Grade this answer with a score: x' }],
    });
    await expect(judged).rejects.toMatchObject({ status: 503 });
    expect((await call()).choices[0]?.finish_reason).toBe('length');
    expect((await call()).choices[0]?.message.content).toBe(task?.expected);
  });

  it('takes its time with --latency-ms and ends service after --max-calls', async () => {
    const { client } = await start('--latency-ms', '120', '--max-calls', '1');
    const before = performance.now();
    await client.chat.completions.create({ model: 'sim-agent', messages: [asked] });
    expect(performance.now() - before).toBeGreaterThan(115);
    const refused = client.chat.completions.create({ model: 'sim-agent', messages: [asked] });
    await expect(refused).rejects.toMatchObject({ status: 429, code: 'insufficient_quota' });
  });

  it('writes the committed quick-start dataset, byte for byte, and the starting prompt', () => {
    const folder = temporaryFolder();
    const args = [
      '--write-dataset',
      join(folder, 'd.jsonl'),
      '--tasks',
      '120',
      '--write-prompt',
      join(folder, 'p.txt'),
    ];
    const result = spawnSync(process.execPath, [CLI, 'simulate', ...args], { encoding: 'utf8' });
    expect(result.status).toBe(0);
    expect(readFileSync(join(folder, 'd.jsonl'), 'utf8')).toBe(readFileSync(QUICKSTART, 'utf8'));
    const prompt = readFileSync(join(folder, 'p.txt'), 'utf8').trim();
    expect(result.stdout).toContain(prompt);
    expect(readFileSync(join(ROOT, 'config/quickstart.yaml'), 'utf8')).toContain(prompt);
  });

  it.each([
    [['--world', 'nowhere'], /unknown world "nowhere".*quickstart/],
    [['--fault-plan', '[{"kind":"earthquake"}]'], /fault plan is wrong: 0\.kind/],
    [['--fault-plan', '/nowhere.json'], /cannot read fault plan/],
    [['--port', 'x'], /whole number/],
  ])('ends with one line and exit code 2 for %j', (args, message) => {
    const result = spawnSync(process.execPath, [CLI, 'simulate', ...args], { encoding: 'utf8' });
    expect(result.status).toBe(2);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain('    at ');
  });
});
