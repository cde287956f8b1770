import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Span } from '../../src/core/trace.ts';
import createSqliteStore from '../../src/stores/sqlite.ts';
import type { Run, StoredRollout } from '../../src/stores/store.ts';
import { eventsOf, storedRollout, talk } from '../exporters/conversations.ts';
import { readShareGpt } from '../exporters/oracles/llama-factory.ts';
import { loadDataset } from '../helpers/dataset.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { inProcess } from '../helpers/in-process.ts';
import { makeTask } from '../helpers/task.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const HISTORY = resolve(import.meta.dirname, '../fixtures/agno_v2.9.0_default.db');
const KEY = 'sk-canary0123456789abcdef';

let folder: string;
let number = 0;

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

function apo(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { cwd: folder }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
    });
  });
}

/** Exports to a new file and returns the report and the parsed lines. */
async function exported(ending: string, ...args: readonly string[]) {
  const out = join(folder, `out-${++number}.${ending}`);
  const store = join(folder, 'results/apo.db');
  const given = args.map((arg) => (arg.endsWith('tasks.jsonl') ? join(folder, arg) : arg));
  const { code, stdout, stderr } = await inProcess('export', ...given, '--out', out, '--store', store, '--json');
  expect([code, stderr]).toEqual([0, '']);
  const text = ending === 'parquet' ? '' : readFileSync(out, 'utf8');
  const rows =
    ending === 'jsonl'
      ? text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line))
      : [];
  return { report: JSON.parse(stdout), out, text, rows };
}

const run: Run = {
  id: 'run-1',
  status: 'completed',
  reason: 'iterations',
  algorithm: 'beam',
  seed: 1,
  config: {},
  createdAt: '2026-11-21T00:00:00.000Z',
  updatedAt: '2026-11-21T00:00:00.000Z',
  result: null,
};

const ROLLOUTS: readonly StoredRollout[] = [
  storedRollout({ id: 'good', taskId: 'weather', score: 0.9, reason: 'right' }),
  storedRollout({ id: 'bad', taskId: 'weather', score: 0.1, events: talk('Weather in Paris and Rome?', 'No idea.') }),
  storedRollout({ id: 'same', taskId: 'weather', score: 0.9 }),
  storedRollout({
    id: 'pii',
    taskId: 'mail',
    score: 0.8,
    events: talk('Write to anna@shop.example', `=1+1 sent to Anna@shop.example with ${KEY}`),
  }),
  storedRollout({ id: 'net', taskId: 'mail', score: null, failure: 'infrastructure', reason: 'reset', events: [] }),
  storedRollout({
    id: 'loop',
    taskId: 'mail',
    score: 0,
    failure: 'agent',
    reason: 'tool loop',
    events: talk('a', 'b'),
  }),
  storedRollout({ id: 'ungraded', taskId: 'other', score: null, events: talk('Hi', 'Hello there') }),
  storedRollout({
    id: 'orphan',
    taskId: 'other',
    score: 1,
    events: eventsOf(
      { type: 'user', content: 'q' },
      { type: 'tool_result', id: 'x', name: 'n', content: 'c', isError: false, replayed: true },
      { type: 'reply', content: 'r' },
    ),
  }),
];

function chatSpan(id: string, session: string, question: string, answer: string): Span {
  const text = (content: string) => [{ type: 'text', content }];
  return {
    traceId: id.padStart(32, '0'),
    spanId: id.padStart(16, '0'),
    parentSpanId: null,
    name: 'chat m',
    kind: 'model',
    startNs: `${id}000000000`,
    endNs: `${id}000000001`,
    status: 'ok',
    statusMessage: '',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm',
      'gen_ai.conversation.id': session,
      'gen_ai.system_instructions': JSON.stringify(text('Be kind.')),
      'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: text(question) }]),
      'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: text(answer), finish_reason: 'stop' }]),
    },
    events: [],
    links: [],
    resource: { 'service.name': 'shop' },
    scope: { name: 'test', version: '1' },
  };
}

beforeAll(async () => {
  folder = temporaryFolder();
  const store = createSqliteStore({ path: 'results/apo.db', create: true }, { folder });
  await store.runs.create(run);
  await store.rollouts.save(ROLLOUTS);
  await store.close();
  const tasks = [
    makeTask('t1', {
      input: 'Capital of France?',
      expected: 'Paris',
      observed: 'Lyon',
      metadata: { session_id: 's1', user_id: 'u1' },
    }),
    makeTask('t2', {
      input: 'And of Italy?',
      observed: 'Rome',
      metadata: { session_id: 's1', user_id: 'u1', rating: 1 },
    }),
    makeTask('t3', { input: 'Hm?', observed: 'What?', metadata: { session_id: 's2', user_id: 'u2', rating: 0 } }),
    makeTask('t4', {
      input: 'Spain?',
      observed: 'Lisbon',
      metadata: { session_id: 's3', user_id: 'u1', rating: 0.2, run_id: 'r4' },
    }),
    makeTask('t5', { input: 'Spain?', observed: 'Madrid', metadata: { session_id: 's3', regenerated_from: 'r4' } }),
    makeTask('t6', { input: 'Broken', metadata: { session_id: 's4', error: 'boom' } }),
  ];
  writeFileSync(join(folder, 'tasks.jsonl'), tasks.map((line) => `${JSON.stringify(line)}\n`).join(''));
});

describe('apo export', () => {
  it('writes the sound rollouts of the newest run and says what it left out and why', async () => {
    const { report, rows } = await exported('jsonl', 'sft');
    expect(rows.map(({ messages }) => messages.at(-1).content)).toEqual([
      'Paris 18C, Rome unknown.',
      'No idea.',
      '=1+1 sent to <EMAIL_1> with <SECRET_1>',
      'Hello there',
    ]);
    expect(report).toMatchObject({
      verb: 'sft',
      format: 'openai',
      redaction: 2,
      records: 8,
      samples: 4,
      rows: 4,
      leftOut: { duplicate: 1, 'infrastructure failure': 1, failed: 1, 'tool result without a call': 1 },
    });
    expect(rows[0].tools[0].function.name).toBe('get_weather');
  });

  it('filters by score; what nobody scored has none', async () => {
    const { rows, report } = await exported('jsonl', 'sft', '--run', 'run-1', '--min-score', '0.85');
    expect(rows).toHaveLength(1);
    expect(report.leftOut).toMatchObject({ 'score below --min-score': 2, 'no score': 1 });
    const low = await exported('jsonl', 'sft', '--max-score', '0.5');
    expect(low.rows).toHaveLength(1);
  });

  it('redacts by level, in every format, and says on request that it does not', async () => {
    for (const level of ['1', '2', '3', '4']) {
      for (const verb of ['sft', 'sharegpt', 'csv']) {
        const { text } = await exported(
          verb === 'csv' ? 'csv' : 'json',
          verb,
          '--redact',
          level,
          ...(verb === 'sft' ? ['--format', 'trl'] : []),
        );
        expect(text).not.toContain(KEY);
        expect(text.toLowerCase().includes('anna@shop.example')).toBe(level === '1');
      }
    }
    const open = await exported('jsonl', 'sft', '--redact', '0');
    expect(open.text).toContain(KEY);
    expect(open.report.warnings).toContain('conversations contain keys or passwords, and redaction is off (1)');
  });

  it('pairs the best with the worst rollout of a task', async () => {
    const { rows, report } = await exported('jsonl', 'dpo', '--format', 'trl');
    expect(rows).toHaveLength(1);
    expect(rows[0].prompt.map(({ role }: { role: string }) => role)).toEqual(['system', 'user']);
    expect(rows[0].chosen.at(-1).content).toBe('Paris 18C, Rome unknown.');
    expect(rows[0].rejected).toEqual([{ role: 'assistant', content: 'No idea.' }]);
    expect(report.leftOut).toMatchObject({ failed: 1, 'only one score for the question': 2 });
    const openai = await exported('jsonl', 'dpo');
    expect(openai.rows[0].preferred_output[0].tool_calls).toHaveLength(2);
    expect(openai.rows[0].non_preferred_output).toEqual([{ role: 'assistant', content: 'No idea.' }]);
    const store = join(folder, 'results/apo.db');
    const tooClose = await inProcess('export', 'dpo', '--out', 'none.jsonl', '--margin', '0.9', '--store', store);
    expect(tooClose.stderr).toContain('scores too close');
  });

  it('pairs corrections and regenerated answers of recorded conversations', async () => {
    const { rows } = await exported('jsonl', 'dpo', '--dataset', 'tasks.jsonl');
    const answers = rows.map((row) => [row.preferred_output[0].content, row.non_preferred_output[0].content]);
    expect(answers).toEqual([
      ['Paris', 'Lyon'],
      ['Madrid', 'Lisbon'],
    ]);
  });

  it('labels answers by their score', async () => {
    const { rows } = await exported('jsonl', 'kto', '--dataset', 'tasks.jsonl');
    expect(rows.map(({ completion, label }) => [completion[0].content, label])).toEqual([
      ['Paris', true],
      ['Lyon', false],
      ['Rome', true],
      ['What?', false],
      ['Lisbon', false],
    ]);
    const llama = await exported('json', 'kto', '--dataset', 'tasks.jsonl', '--format', 'sharegpt');
    for (const row of JSON.parse(llama.text)) readShareGpt(row, { kto: true });
  });

  it('gives prompts with references for reinforcement tuning', async () => {
    const { rows } = await exported('jsonl', 'rft', '--run', 'latest');
    expect(
      rows.map(({ messages, reference_answer }) => [messages[0].role, messages.at(-1).role, reference_answer]),
    ).toEqual([
      ['developer', 'user', 'Paris 18C, Rome unknown.'],
      ['developer', 'user', '=1+1 sent to <EMAIL_1> with <SECRET_1>'],
    ]);
    writeFileSync(join(folder, 'run-tasks.jsonl'), JSON.stringify(makeTask('weather', { expected: 'sunny' })));
    const joined = await exported('jsonl', 'rft', '--run', 'latest', '--dataset', 'run-tasks.jsonl', '--format', 'trl');
    expect(joined.rows[0].reference_answer).toBe('sunny');
  });

  it('gives each step of a rollout its reward', async () => {
    const { rows, report } = await exported('jsonl', 'rft', '--format', 'transitions');
    expect(rows.filter(({ episode }) => episode === 'good').map(({ reward, done }) => [reward, done])).toEqual([
      [0, false],
      [0.9, true],
    ]);
    expect(report.rows).toBe(rows.length);
  });

  it('writes what LLaMA-Factory reads, beside its entry of dataset_info.json', async () => {
    writeFileSync(join(folder, 'dataset_info.json'), '{"mine":{"file_name":"x"}}');
    const { out, text } = await exported('json', 'sharegpt');
    const parsed = JSON.parse(text);
    for (const row of parsed) readShareGpt(row);
    expect(parsed).toHaveLength(4);
    const info = JSON.parse(readFileSync(join(folder, 'dataset_info.json'), 'utf8'));
    expect(info.mine).toEqual({ file_name: 'x' });
    expect(Object.values(info)).toContainEqual({
      file_name: out.split('/').at(-1),
      formatting: 'sharegpt',
      columns: { messages: 'conversations', system: 'system', tools: 'tools' },
    });
  });

  it('writes nested Parquet for verl, with one schema for all rows', async () => {
    const sft = await exported('parquet', 'sft', '--format', 'verl');
    const read = async (path: string) => {
      const bytes = readFileSync(path);
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
      return parquetReadObjects({ file });
    };
    const [first, second] = await read(sft.out);
    expect(first?.messages[2].tool_calls[1].function).toEqual({ name: 'get_weather', arguments: { city: 'Rome' } });
    expect(Object.keys(second?.messages[0])).toEqual(Object.keys(first?.messages[0]));
    // verl gives it to the chat template as it is, which takes nothing but a list of objects.
    expect(first?.tools[0].function.name).toBe('get_weather');
    const rl = await exported('parquet', 'rft', '--format', 'verl');
    const [row] = await read(rl.out);
    expect(row).toMatchObject({
      data_source: 'apo',
      ability: 'weather',
      reward_model: { style: 'rule', ground_truth: 'Paris 18C, Rome unknown.' },
      extra_info: { split: 'train', index: 0n },
    });
    expect(row?.prompt.map(({ role }: { role: string }) => role)).toEqual(['system', 'user']);
  });

  it('neutralises formulas and keeps failures in a table', async () => {
    const { text, report } = await exported('csv', 'csv');
    expect(report.samples).toBe(7);
    expect(text).toContain("'=1+1 sent to <EMAIL_1>");
    expect(text).toContain('tool loop');
    expect(text).not.toMatch(/(^|,)[=+@]/m);
  });

  it('separates training and validation by session and user', async () => {
    const { report, rows, out } = await exported('jsonl', 'sft', '--dataset', 'tasks.jsonl', '--split', '0.3');
    const val = readFileSync(out.replace('.jsonl', '.val.jsonl'), 'utf8').trimEnd().split('\n');
    expect(report).toMatchObject({ samples: 5, train: 4, val: 1 });
    expect([rows.length, val.length]).toEqual([4, 1]);
    // u1 spoke in s1 and s3, so everything but u2's session stands together.
    expect(val[0]).toContain('What?');
  });

  it('says so when nothing can be held out, because all samples are of one session', async () => {
    const lines = ['a', 'b'].map((name) => makeTask(name, { expected: name, metadata: { session_id: 's' } }));
    writeFileSync(join(folder, 'one-tasks.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { report } = await exported('jsonl', 'sft', '--dataset', 'one-tasks.jsonl', '--split', '0.5');
    expect(report).toMatchObject({
      train: 2,
      val: 0,
      warnings: [expect.stringMatching(/nothing is left for validation/)],
    });
  });

  it('reads history databases', async () => {
    const { rows } = await exported('jsonl', 'sft', '--history', HISTORY, '--thinking', 'field');
    expect(rows[0].messages.at(-1)).toMatchObject({ role: 'assistant', content: 'It is 18C in Paris.' });
    expect(rows[0].messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
  });

  it('leaves one complete file, readable by its owner only, and no other', async () => {
    const { out } = await exported('jsonl', 'sft', '--split', '0.5');
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'results/privacy.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => /tmp|spool/.test(name))).toEqual([]);
  });

  it('says in plain lines what happened', async () => {
    const { code, stdout, stderr } = await apo('export', 'sft', '--out', 'lines.jsonl');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr.split('\n')).toEqual([
      'exported 4 of 8 records to lines.jsonl',
      'left out 1: duplicate',
      'left out 1: failed',
      'left out 1: infrastructure failure',
      'left out 1: tool result without a call',
      'warning: tool schema made up from its calls (1): get_weather',
      '',
    ]);
  });

  it.each([
    [['sft', '--min-score', '2'], 2, "'--min-score <score>' argument '2' is invalid"],
    [['sft', '--redact', '9'], 2, "'--redact <level>' argument '9' is invalid"],
    [['sft', '--split', '1'], 2, 'must be a number above 0 and below 1'],
    [['sft', '--format', 'nope'], 2, 'unknown exporter "nope"'],
    [['dpo', '--format', 'hermes'], 2, 'format "hermes" has no shape for dpo'],
    [['sharegpt', '--thinking', 'field'], 2, 'cannot carry --thinking field'],
    [['sft', '--run', 'nope'], 1, 'there is no run "nope"'],
    [['sft', '--run', 'run-1', '--session', 's'], 2, 'two sources'],
    [['sft', '--session', 'nobody'], 1, 'nothing to export - there are no records'],
    [['sft', '--min-score', '1', '--max-score', '0'], 1, 'nothing to export - of 8 records'],
    [['sft', '--store', join(tmpdir(), 'apo-missing.db')], 1, 'apo-missing.db'],
  ])('refuses %j', async (args, expectedCode, message) => {
    const store = args.includes('--store') ? [] : ['--store', join(folder, 'results/apo.db')];
    const { code, stderr } = await inProcess('export', ...args, '--out', join(folder, 'refused.jsonl'), ...store);
    expect(stderr).toContain(message);
    expect(code).toBe(expectedCode);
    expect(readdirSync(folder)).not.toContain('refused.jsonl');
  });

  it('reads the traces of a session, with what people said about them', async () => {
    const other = join(folder, 'traces.db');
    const store = createSqliteStore({ path: other, create: true }, { folder });
    await store.traces.saveSpans([
      chatSpan('1', 's-1', 'Capital of Peru?', 'Cusco'),
      chatSpan('2', 's-2', 'Hi', 'Hello'),
    ]);
    await store.traces.addFeedback({
      id: 'f1',
      traceId: '1'.padStart(32, '0'),
      spanId: null,
      name: 'correction',
      source: 'human',
      score: 0,
      label: 'down',
      comment: 'wrong city',
      correction: 'Lima',
      at: '2026-11-21T00:00:00.000Z',
      metadata: {},
    });
    await store.close();
    const out = join(folder, 'traces.jsonl');
    const lines = async (...args: readonly string[]) => {
      const { code, stderr } = await inProcess('export', ...args, '--out', out, '--store', other);
      expect(stderr).toMatch(/^exported/);
      expect(code).toBe(0);
      return readFileSync(out, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const [row] = await lines('sft', '--session', 's-1');
    expect(row.messages.map(({ content }: { content: string }) => content)).toEqual([
      'Be kind.',
      'Capital of Peru?',
      'Lima',
    ]);
    const [pair] = await lines('dpo', '--session', 's-1');
    expect([pair.preferred_output[0].content, pair.non_preferred_output[0].content]).toEqual(['Lima', 'Cusco']);
    expect(await lines('sft', '--session', 'all')).toHaveLength(2);
    expect(await lines('sft')).toHaveLength(2);
  });

  it('leaves out with --longest what a longer conversation of the session begins with', async () => {
    const other = join(folder, 'session.db');
    const store = createSqliteStore({ path: other, create: true }, { folder });
    const said = ['Capital of Peru?', 'Lima', 'And of Chile?'].map((content, index) => ({
      role: index === 1 ? 'assistant' : 'user',
      parts: [{ type: 'text', content }],
    }));
    const second = chatSpan('2', 's-1', 'And of Chile?', 'Santiago');
    await store.traces.saveSpans([
      chatSpan('1', 's-1', 'Capital of Peru?', 'Lima'),
      { ...second, attributes: { ...second.attributes, 'gen_ai.input.messages': JSON.stringify(said) } },
      chatSpan('3', 's-2', 'Capital of Peru?', 'Lima'),
    ]);
    await store.close();
    const out = join(folder, 'session.jsonl');
    const report = async (...args: readonly string[]) => {
      const ended = await inProcess('export', 'sft', '--out', out, '--store', other, ...args);
      return [ended.stderr, readFileSync(out, 'utf8').trimEnd().split('\n').length];
    };
    expect(await report('--session', 's-1')).toEqual([expect.stringMatching(/^exported 2 of 2/), 2]);
    expect(await report('--session', 's-1', '--longest')).toEqual([
      expect.stringMatching(/^exported 1 of 2[\s\S]*left out 1: a longer conversation begins with it/),
      1,
    ]);
    expect(readFileSync(out, 'utf8')).toContain('Santiago');
    // The same words in another session are another conversation.
    expect(await report('--session', 'all', '--longest')).toEqual([expect.stringMatching(/^exported 2 of 3/), 2]);
  });

  it('uses formats and detectors of the user', async () => {
    const detector = join(folder, 'detector.mjs');
    const format = join(folder, 'format.mjs');
    writeFileSync(
      detector,
      `export default () => ({ name: 'cities', detect: async (text) =>
        [...text.matchAll(/Lyon|Paris/g)].map((match) => ({ type: 'city', start: match.index, end: match.index + match[0].length, score: 1 })) });`,
    );
    writeFileSync(
      format,
      `export default () => ({ name: 'mine', files: ['jsonl'], thinking: ['drop'],
        sft: (sample) => ({ ok: true, rows: [{ said: sample.messages.at(-1).content }] }) });`,
    );
    // By default and at every other level that keeps texts; a path is one without ./ too.
    for (const level of [[], ['--redact', '1'], ['--redact', '3']]) {
      const flags = ['--dataset', 'tasks.jsonl', ...level, '--detector', relative('.', detector), '--format', format];
      const { rows } = await exported('jsonl', 'sft', ...flags);
      expect(rows[0]).toEqual({ said: '<CITY_1>' });
    }
    const none = ['--dataset', 'tasks.jsonl', '--redact', '0', '--detector', detector];
    const { stderr } = await inProcess('export', 'sft', '--out', join(folder, 'none.jsonl'), ...none);
    expect(stderr).toContain('removes nothing at --redact 0');
  });

  it('turns failures into named groups and a dataset that can be trained on', async () => {
    const { report, rows, out } = await exported('jsonl', 'regressions', '--run', 'run-1');
    expect(report).toMatchObject({ verb: 'regressions', records: 8, tasks: 2, withoutExpected: 2 });
    expect(report.groups.map(({ size }: { size: number }) => size)).toEqual([2]);
    expect(rows.map(({ id, input }) => [id, input])).toEqual([
      ['mail', 'a'],
      ['weather', 'Weather in Paris and Rome?'],
    ]);
    const { tasks, rejected } = await loadDataset(out);
    expect([tasks.length, rejected]).toEqual([2, []]);
    expect(tasks[0]?.metadata).toMatchObject({ source: 'regression', score: 0, failure_reason: 'tool loop' });
  });

  it('refuses a file kind that the format has not', async () => {
    const { stderr } = await inProcess('export', 'sft', '--out', 'a.parquet');
    expect(stderr).toContain('is not written as .parquet');
  });
});
