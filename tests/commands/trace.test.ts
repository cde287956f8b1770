import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/core/json.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import type { Store } from '../../src/stores/store.ts';
import { writeTrajectories } from '../../src/traces/trajectory.ts';
import { temporaryStore } from '../helpers/folder.ts';
import { CLI } from '../helpers/serve-process.ts';
import { span } from '../helpers/spans.ts';
import { AT, aKey, aRollout, aRun } from '../helpers/store-data.ts';

const FIRST = 'a'.repeat(32);
const SECOND = 'b'.repeat(32);
const AGENT_ID = '1'.repeat(16);
const part = (type: string, content: string) => ({ type, content });

let path: string;
let store: Store;

beforeAll(async () => {
  path = temporaryStore();
  store = createSqliteStore({ path, create: true }, { folder: '/' });
  const input = [{ role: 'user', parts: [part('text', 'Weather in Paris? Mail ann.lee@example.com')] }];
  const call = {
    role: 'assistant',
    parts: [
      part('reasoning', 'a tool is needed'),
      { type: 'tool_call', id: 'c1', name: 'get_weather', arguments: { city: 'Paris' } },
    ],
  };
  const chat = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-4o-mini',
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': 5,
  };
  await store.traces.saveSpans([
    span(
      { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.conversation.id': 'session-1', 'user.id': 'u1' },
      { traceId: FIRST, spanId: AGENT_ID, name: 'invoke_agent weather', to: 900 },
    ),
    span(
      {
        ...chat,
        'gen_ai.system_instructions': 'Be brief.',
        'gen_ai.input.messages': JSON.stringify(input),
        'gen_ai.output.messages': JSON.stringify([call]),
      },
      { traceId: FIRST, parentSpanId: AGENT_ID, name: 'chat gpt-4o-mini', from: 10, to: 300 },
    ),
    span(
      { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_weather', 'gen_ai.tool.call.id': 'c1' },
      {
        traceId: FIRST,
        parentSpanId: AGENT_ID,
        name: 'execute_tool get_weather',
        from: 310,
        to: 350,
        status: 'error',
        statusMessage: 'no \u001b[31mnetwork\u001b]8;;http://evil.test\u0007',
      },
    ),
    span(
      {
        ...chat,
        'gen_ai.input.messages': JSON.stringify([...input, call]),
        'gen_ai.output.messages': JSON.stringify([
          { role: 'assistant', parts: [part('text', 'I cannot look it up.')] },
        ]),
      },
      { traceId: FIRST, parentSpanId: AGENT_ID, name: 'chat gpt-4o-mini', from: 360, to: 890 },
    ),
    span({ 'http.method': 'GET' }, { traceId: SECOND, name: 'GET /', startNs: '1795000100000000000', endNs: '' }),
  ]);
});
afterAll(async () => {
  await store.close();
});

function trace(...argv: string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [CLI, 'trace', ...argv, '--store', path], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
}

describe('apo trace list', () => {
  it('groups by session, newest first', () => {
    const { stdout, status } = trace('list');
    expect(status).toBe(0);
    expect(stdout.indexOf('without session (1)')).toBeLessThan(stdout.indexOf('session session-1 (1)'));
    expect(stdout).toMatch(/aaaaaaaaaaaa {2}error {3}invoke_agent weather +900ms +4 +30 +- {2}Weather in Paris\?/);
  });

  it('filters by every flag, as JSON', () => {
    const flags = [
      '--session',
      'session-1',
      '--user',
      'u1',
      '--model',
      'gpt-4o-mini',
      '--tool',
      'get_weather',
      '--status',
      'error',
      '--text',
      'paris',
      '--since',
      '2026-11-01',
      '--until',
      '2026-11-30',
    ];
    expect(JSON.parse(trace('list', '--json', ...flags).stdout).traces).toMatchObject([
      { traceId: FIRST, tools: ['get_weather'] },
    ]);
    expect(JSON.parse(trace('list', '--json', '--tool', 'other').stdout)).toEqual({ traces: [], next: null });
  });

  it('pages', () => {
    const first = JSON.parse(trace('list', '--json', '--limit', '1').stdout);
    const second = JSON.parse(trace('list', '--json', '--limit', '1', '--after', first.next).stdout);
    expect([...first.traces, ...second.traces].map(({ traceId }) => traceId)).toEqual([SECOND, FIRST]);
    expect(second.next).toBeNull();
  });

  it.each([
    [['--status', 'bad'], 2],
    [['--min-score', 'x'], 2],
    [['--since', 'someday'], 2],
    [['--limit', '0'], 2],
    [['--after', 'x'], 2],
  ])('refuses %j', (flags, code) => {
    const { status, stderr } = trace('list', ...flags);
    expect(status).toBe(code);
    expect(stderr).toMatch(/^error: /);
  });
});

describe('apo trace show', () => {
  it('tells the conversation once, tool calls folded with duration and error', () => {
    const { stdout } = trace('show', 'aaaa');
    expect(stdout.slice(stdout.indexOf('\nsystem'))).toBe(`
system
  Be brief.

user
  Weather in Paris? Mail ann.lee@example.com

thinking
  a tool is needed

get_weather({"city":"Paris"}) 40ms failed
  -> no \\u{1b}[31mnetwork\\u{1b}]8;;http://evil.test\\u{7}

assistant
  I cannot look it up.
`);
  });

  it('shows errors in red on a terminal with colours', () => {
    const env = { ...process.env, FORCE_COLOR: '1', NO_COLOR: '' };
    const { stdout } = spawnSync(process.execPath, [CLI, 'trace', 'show', FIRST, '--store', path], {
      encoding: 'utf8',
      env,
    });
    expect(stdout).toContain('\u001b[31m failed\u001b[39m');
  });

  it('draws spans as a tree', () => {
    expect(trace('show', FIRST, '--tree').stdout).toContain(`invoke_agent weather (agent, 900ms)
├─ chat gpt-4o-mini (model, 290ms, 10 -> 5 tokens)
├─ execute_tool get_weather (tool, 40ms)  no \\u{1b}[31mnetwork\\u{1b}]8;;http://evil.test\\u{7}
└─ chat gpt-4o-mini (model, 530ms, 10 -> 5 tokens)`);
  });

  it('draws spans as a waterfall', () => {
    const bars = trace('show', FIRST, '--waterfall')
      .stdout.split('\n')
      .filter((line) => line.includes('█'));
    const starts = bars.map((line) => line.indexOf('█'));
    expect(bars).toHaveLength(4);
    expect([...starts].sort((a, b) => a - b)).toEqual(starts);
    expect(bars[0]?.lastIndexOf('█')).toBeGreaterThanOrEqual(bars[3]?.lastIndexOf('█') ?? 0);
  });

  it('falls back to the tree where no content was captured', () => {
    expect(trace('show', 'bbbb').stdout).toContain('GET / (chain, 0.00ms, open)');
  });

  it('gives everything as JSON', () => {
    const shown = JSON.parse(trace('show', FIRST, '--json').stdout);
    expect(Object.keys(shown)).toEqual(['trace', 'events', 'tools', 'spans', 'feedback']);
    expect(shown.spans).toHaveLength(4);
  });

  it('says when there is no such trace', () => {
    expect(trace('show', 'cccc')).toMatchObject({ status: 1, stderr: expect.stringContaining('no one trace "cccc"') });
  });
});

describe('apo trace', () => {
  it('stats counts traces, tokens, models and tools', () => {
    expect(JSON.parse(trace('stats', '--json').stdout)).toMatchObject({
      traces: 2,
      spans: 5,
      errors: 1,
      inputTokens: 20,
    });
    expect(trace('stats').stdout).toMatch(/get_weather +1/);
  });

  it('export writes every span and the conversation on a line, to stdout or to a file', () => {
    const lines = trace('export')
      .stdout.trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ trace: { traceId } }) => traceId)).toEqual([SECOND, FIRST]);
    expect(lines[1]).toMatchObject({ schema_version: 1, spans: { length: 4 }, feedback: expect.any(Array) });
    const out = join(dirname(path), 'out', 'traces.jsonl');
    expect(trace('export', '--session', 'session-1', '--out', out)).toMatchObject({ status: 0, stdout: '' });
    expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(lines[1]);
    expect(JSON.parse(trace('export', '--out', out, '--json').stdout)).toEqual({ file: out, traces: 2 });
    // The store itself is no place for them.
    expect(trace('export', '--out', path)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('SQLite database'),
    });
    expect(trace('list').status).toBe(0);
  });

  it('feedback adds each part and becomes the score', () => {
    expect(
      trace('feedback', FIRST, '--rating', '2', '--comment', 'rude', '--correction', 'Ask for the city.').status,
    ).toBe(0);
    const { feedback } = JSON.parse(trace('show', FIRST, '--json').stdout);
    expect(feedback).toHaveLength(3);
    expect(feedback).toContainEqual(expect.objectContaining({ name: 'rating', score: 0.25, label: '2' }));
    expect(feedback).toContainEqual(expect.objectContaining({ name: 'correction', correction: 'Ask for the city.' }));
    expect(JSON.parse(trace('list', '--json', '--max-score', '0.25').stdout).traces).toHaveLength(1);
    for (const flags of [[], ['--thumbs', 'sideways'], ['--rating', '9']]) {
      expect(trace('feedback', FIRST, ...flags).status).toBe(2);
    }
  });

  it('redact --check reports what is left, masked, and exits with 7', () => {
    const { status, stdout } = trace('redact', '--check', '--json');
    expect(status).toBe(7);
    expect(JSON.parse(stdout)).toMatchObject({
      counts: { EMAIL: 2 },
      findings: [{ traceId: FIRST, where: 'gen_ai.input.messages' }, {}],
    });
    expect(stdout).not.toContain('ann.lee');
    expect(trace('redact', '--check', '--session', 'none').status).toBe(0);
  });

  it('tail prints traces as they arrive and ends with 0', async () => {
    const child = spawn(process.execPath, [CLI, 'trace', 'tail', '--json', '--store', path]);
    let text = '';
    const printed = new Promise<void>((resolve) => {
      child.stdout.on('data', (data) => {
        text += data;
        if (text.includes('\n')) resolve();
      });
    });
    // Spans keep arriving, so it does not matter when the child looks for the first time.
    let count = 0;
    const timer = setInterval(() => {
      count++;
      void store.traces.saveSpans([
        span({}, { traceId: 'd'.repeat(32), name: `arrived ${count}`, startNs: '1795000200000000000' }),
      ]);
    }, 100);
    await printed;
    clearInterval(timer);
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(0);
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ traceId: 'd'.repeat(32) });
    await store.traces.delete({ traceIds: ['d'.repeat(32)] });
  });

  it('delete asks unless told not to, and takes the whole session', () => {
    expect(trace('delete', FIRST)).toMatchObject({ status: 2, stderr: expect.stringContaining('--yes') });
    expect(trace('delete').status).toBe(2);
    expect(trace('delete', '--session', 'session-1', '--yes')).toMatchObject({
      status: 0,
      stdout: '1 trace deleted\n',
    });
    expect(trace('show', FIRST).status).toBe(1);
  });

  it('delete takes of a user what their own sessions hold without naming anybody, and leaves shared sessions', async () => {
    const said = (number: number, words: string, owner: JsonObject) =>
      span({ 'output.value': words, ...owner }, { traceId: `${number}`.repeat(32), from: number });
    await store.traces.saveSpans([
      said(1, 'erin asks', { 'session.id': 'of erin', 'user.id': 'erin' }),
      said(2, 'my name is erin', { 'session.id': 'of erin' }),
      said(3, 'erin in a group', { 'session.id': 'group', 'user.id': 'erin' }),
      said(4, 'said in the group', { 'session.id': 'group' }),
      said(5, 'frank in a group', { 'session.id': 'group', 'user.id': 'frank' }),
      said(6, 'of nobody', {}),
    ]);
    expect(trace('delete', '--user', 'erin', '--yes')).toMatchObject({ status: 0, stdout: '3 traces deleted\n' });
    const left = [1, 2, 3, 4, 5, 6].map((number) => store.traces.find(`${number}`.repeat(32)));
    expect((await Promise.all(left)).map((found) => found !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    await store.traces.delete({ traceIds: [4, 5, 6].map((number) => `${number}`.repeat(32)) });
  });

  it('delete reaches the training runs that were made from a user, down to the bytes', async () => {
    const run = aRun('run-1', { status: 'stopped' });
    await store.runs.create(run);
    await store.rollouts.save([
      aRollout({ id: 'ro-1', answer: 'the secret of carol', owner: { userId: 'carol' }, traceId: 'e'.repeat(32) }),
      aRollout({ id: 'ro-2', answer: 'said to dave', owner: { userId: 'dave' } }),
    ]);
    await store.journal.start(aKey('a'), { q: 'critique of the secret of carol' }, AT);
    // Runs keep the spans of their last evaluations; these name no user.
    await store.traces.saveSpans([span({ 'output.value': 'the secret of carol' }, { traceId: 'e'.repeat(32) })]);
    const folder = join(dirname(path), 'trajectories');
    await writeTrajectories({ folder, run, rollouts: store.rollouts.list({ runId: 'run-1' }) });
    const done = trace('delete', '--user', 'carol', '--yes', '--results', dirname(path));
    expect(done.stdout).toContain('and 1 rollouts of 1 training runs');
    expect(done.stdout).toContain('run run-1 was not finished');
    for (const name of ['apo.db', 'apo.db-wal', 'trajectories/run-1.jsonl']) {
      const file = join(dirname(path), name);
      expect(existsSync(file) ? readFileSync(file, 'latin1') : '', name).not.toContain('the secret of carol');
    }
    expect(readFileSync(join(folder, 'run-1.jsonl'), 'utf8')).toContain('said to dave');
    expect(await store.runs.owner('run-1')).toBeUndefined();
  });

  it('delete refuses, and deletes nothing, while such a run is being trained', async () => {
    await store.runs.create(aRun('run-2'));
    await store.rollouts.save([aRollout({ id: 'ro-3', runId: 'run-2', owner: { userId: 'erin' } })]);
    await store.runs.claim('run-2', { pid: process.pid, host: hostname() });
    expect(trace('delete', '--user', 'erin', '--yes').stderr).toContain('is being trained');
    expect(await store.rollouts.runsOf({ userId: 'erin' })).toEqual(['run-2']);
    await store.runs.release('run-2', { pid: process.pid, host: hostname() });
  });

  it('names the missing store', () => {
    const { status, stderr } = spawnSync(process.execPath, [CLI, 'trace', 'list', '--store', '/nowhere/apo.db'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('/nowhere/apo.db') });
  });
});
