import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { makeRun, writeAgnoV2 } from '../helpers/agno-database.ts';
import { openDatabase } from '../helpers/database.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'tests/fixtures');
const run = promisify(execFile);

async function apo(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [join(ROOT, 'dist/cli.js'), 'dataset', ...args], {
      // Colours are on where CI is set, also without a terminal.
      env: { ...process.env, NO_COLOR: '1' },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

function linesOf(path: string): readonly { readonly [key: string]: unknown }[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('apo dataset import', () => {
  it('never writes over the history that it reads, nor over another database or the dataset', async () => {
    const folder = temporaryFolder();
    const bytes = readFileSync(join(FIXTURES, 'agno_v2.9.0_default.db'));
    for (const name of ['agno.db', 'other.db']) writeFileSync(join(folder, name), bytes);
    const tasks = Array.from({ length: 4 }, (_, i) => JSON.stringify({ task: `task ${i}`, expected: 'x', mine: i }));
    const dataset = join(folder, 'train.jsonl');
    writeFileSync(dataset, tasks.join('\n'));
    const history = ['import', '--history', join(folder, 'agno.db'), '--max-age-days', '99999'];
    for (const args of [
      [...history, '--out', join(folder, 'agno.db')],
      [...history, '--out', join(folder, 'other.db')],
      ['import', dataset, '--out', dataset],
      ['split', dataset, '--out', folder],
    ]) {
      const { code, stderr } = await apo(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
    for (const name of ['agno.db', 'other.db']) expect(readFileSync(join(folder, name))).toEqual(bytes);
    expect(readFileSync(dataset, 'utf8')).toBe(tasks.join('\n'));
    expect(readdirSync(folder).sort()).toEqual(['agno.db', 'other.db', 'train.jsonl']);
  });

  it('writes one task a line, and the file is a valid dataset', async () => {
    const out = join(temporaryFolder(), 'new', 'tasks.jsonl');
    const imported = await apo(
      'import',
      '--history',
      join(FIXTURES, 'agno_v2.9.0_default.db'),
      '--out',
      out,
      '--max-age-days',
      '99999',
      '--json',
    );
    expect(imported.code).toBe(0);
    expect(JSON.parse(imported.stdout)).toMatchObject({
      source: 'agno',
      records: 5,
      loaded: 5,
      rejected: 0,
      kept: 4,
      dropped: { media: 1 },
    });
    for (const line of linesOf(out)) {
      expect(Object.keys(line)).toEqual([
        'id',
        'input',
        'context',
        'expected',
        'observed',
        'category',
        'difficulty',
        'metadata',
      ]);
    }
    const validated = await apo('validate', out, '--json');
    expect(validated.code).toBe(0);
    expect(JSON.parse(validated.stdout)).toMatchObject({
      valid: true,
      records: 4,
      loaded: 4,
      rejected: 0,
      kept: 4,
      dropped: {},
    });
  });

  it('counts every turn: kept, dropped by reason, or rejected with its place', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'app.db');
    const now = Math.floor(Date.now() / 1000);
    const at = (created_at: number) => ({ messages: [{ role: 'user', content: 'x', created_at }], created_at });
    writeAgnoV2(path, [
      {
        id: 'a',
        runs: [
          makeRun('1', 'a question', 'a', at(now)),
          makeRun('2', 'Hi!', 'Hello', at(now)),
          makeRun('3', 'old', 'x', at(now - 40 * 86_400)),
        ],
      },
      {
        id: 'b',
        runs: [
          makeRun('4', 'a question', 'a', at(now)),
          makeRun('5', 'a question', 'b', { ...at(now), status: 'REGENERATED' }),
        ],
      },
    ]);
    const { code, stdout } = await apo('import', '--real-data-db', path, '--out', join(folder, 'o.jsonl'));
    expect(code).toBe(0);
    expect(stdout).toContain('records   5 = 4 loaded + 1 rejected');
    expect(stdout).toContain('kept      1');
    for (const line of ['1 greeting', '1 too old', '1 duplicate']) expect(stdout).toContain(`dropped   ${line}`);
    expect(stdout).toMatch(/rejected {2}agno:app:b:5 regenerated/);
  });

  it('leaves no file behind when nothing is left to write', async () => {
    const folder = temporaryFolder();
    const database = openDatabase(join(folder, 'c.db'));
    database.exec(
      "CREATE TABLE conversations (user_message, agent_response, timestamp, rating); INSERT INTO conversations VALUES ('old', 'x', '2001-01-01', 5)",
    );
    database.close();
    const { code, stderr } = await apo('import', '--history', join(folder, 'c.db'), '--out', join(folder, 'o.jsonl'));
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^error: no task is left of 1 records \(1 too old\) - take older conversations with --max-age-days\n$/,
    );
    expect(readdirSync(folder)).toEqual(['c.db']);
  });

  it('says of a history without conversations that it has none', async () => {
    const folder = temporaryFolder();
    writeAgnoV2(join(folder, 'app.db'), []);
    const { code, stderr } = await apo('import', '--history', join(folder, 'app.db'), '--out', join(folder, 'o.jsonl'));
    expect(code).toBe(3);
    expect(stderr).toBe('error: there is no conversation to read - give a file that has some\n');
  });

  it('escapes what a database wants to do to the terminal', async () => {
    const folder = temporaryFolder();
    writeAgnoV2(join(folder, 'app.db'), [{ id: 's\u001b[2J\u202e', runs: [makeRun('1', 'q', 'a'), 'x' as never] }]);
    const { stdout } = await apo(
      'import',
      '--history',
      join(folder, 'app.db'),
      '--out',
      join(folder, 'o.jsonl'),
      '--max-age-days',
      '99999',
    );
    expect(stdout).toContain('s\\u{1b}[2J\\u{202e}');
    expect(stdout).not.toContain('\u001b[2J');
  });

  it.each([
    [
      'a foreign database',
      'langgraph_sqlite_saver.db',
      /no conversation history in .*; tables found: checkpoints, writes/,
    ],
    ['no database', 'otlp_trace_request.json', /is not a SQLite database/],
    ['a missing file', 'none.db', /cannot read history/],
  ])('%s is one line and exit code 3', async (_name, file, message) => {
    const { code, stdout, stderr } = await apo(
      'import',
      '--history',
      join(FIXTURES, file),
      '--out',
      join(temporaryFolder(), 'o.jsonl'),
    );
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('a folder that cannot be written is exit code 6', async () => {
    const { code, stderr } = await apo(
      'import',
      '--history',
      join(FIXTURES, 'agno_v1.8.3.db'),
      '--out',
      '/dev/null/x.jsonl',
      '--max-age-days',
      '99999',
    );
    expect(code).toBe(6);
    expect(stderr).toContain('cannot write /dev/null/x.jsonl');
  });
});

describe('apo dataset validate', () => {
  it('lists rejected records with their place and ends with exit code 3', async () => {
    const path = join(temporaryFolder(), 'tasks.json');
    writeFileSync(path, '[\n  {"task": "a"},\n  {"nothing": 1}\n]\n');
    const { code, stdout, stderr } = await apo('validate', '--dataset', path);
    expect(code).toBe(3);
    expect(stdout).toContain('records   2 = 1 loaded + 1 rejected');
    expect(stdout).toContain('rejected  tasks.json:3 no input');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    const json = await apo('validate', path, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      records: 2,
      rejectedRecords: [{ where: 'tasks.json:3' }],
    });
  });

  it('warns of what training will suffer from: too few tasks, missing answers, near duplicates, misspelled fields', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tasks.jsonl');
    writeFileSync(path, '{"Question":"Why 1?","Expected Answer":"x"}\n{"task":"Why 2?","anwser":"y","source":"z"}\n');
    const { code, stdout, stderr } = await apo('validate', path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/metadata {2}anwser \(1\), source \(1\)\nvalid\n$/);
    expect(stderr).toMatch(/"anwser" is kept as metadata: is "answer" meant\?/);
    expect(stderr).toMatch(/1 of 2 tasks have no expected answer/);
    expect(stderr).toMatch(/1 task asks nearly the same/);
    expect(stderr).toMatch(/1 validation task \(advice: 20 or more\)/);
    const json = JSON.parse((await apo('validate', path, '--json')).stdout);
    expect(json).toMatchObject({ valid: true, metadata: { anwser: 1, source: 1 } });
    expect(json.warnings).toHaveLength(5);
    const alone = join(folder, 'one.jsonl');
    writeFileSync(alone, '{"task":"a","answer":"b"}\n');
    expect((await apo('validate', alone)).stderr).toMatch(/cannot be split/);
  });

  it('says in JSON too why a file cannot be read at all', async () => {
    const { code, stdout } = await apo('validate', join(FIXTURES, 'bad-datasets/19-comment.json'), '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, error: expect.stringContaining('19-comment.json:2:3') });
  });

  it('wrong usage is exit code 2', async () => {
    const wrong = [
      [],
      ['a.json', '--history', 'b.db'],
      ['a.json', '--difficulty', 'extreme'],
      ['a.json', '--limit', 'many'],
      ['--history', join(FIXTURES, 'agno_v1.8.3.db'), '--history-source', 'nonsense'],
    ];
    const results = await Promise.all(wrong.map((args) => apo('validate', ...args)));
    expect(results.map(({ code }) => code)).toEqual(wrong.map(() => 2));
  });
});

describe('apo dataset describe', () => {
  it('shows counts, distribution against the advice, and categories', async () => {
    const path = join(temporaryFolder(), 'tasks.csv');
    writeFileSync(path, 'task,expected,difficulty,category\na,1,easy,math\nb,,hard,math\nc,3,hard,art\nc,3,hard,art\n');
    const { code, stdout } = await apo('describe', path, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      records: 4,
      kept: 3,
      dropped: { duplicate: 1 },
      tasks: 3,
      difficulty: {
        easy: { count: 1, advised: 0.3 },
        medium: { count: 0, advised: 0.5 },
        hard: { count: 2, advised: 0.2 },
      },
      categories: { math: 2, art: 1 },
      withExpected: { count: 2 },
      warnings: [expect.stringContaining('the advice is easy 30 / medium 50 / hard 20')],
    });
    expect((await apo('describe', path)).stdout).toMatch(/medium +0 +0 % +\(advice 50 %\)/);
  });
});

describe('apo dataset split', () => {
  it('writes the sides, the same for the same seed', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'tasks.jsonl');
    writeFileSync(path, Array.from({ length: 20 }, (_, at) => `{"task":"q${at}","expected":${at}}\n`).join(''));
    const one = await apo('split', path, '--out', join(folder, 'one'), '--test', '0.2', '--seed', '7', '--json');
    expect(JSON.parse(one.stdout)).toMatchObject({
      train: 12,
      val: 4,
      test: 4,
      files: { val: join(folder, 'one', 'val.jsonl') },
    });
    await apo('split', path, '--out', join(folder, 'two'), '--test', '0.2', '--seed', '7');
    for (const side of ['train', 'val', 'test']) {
      expect(readFileSync(join(folder, 'two', `${side}.jsonl`))).toEqual(
        readFileSync(join(folder, 'one', `${side}.jsonl`)),
      );
    }
    expect((await apo('validate', join(folder, 'one', 'train.jsonl'))).code).toBe(0);
  });

  it('one task cannot be split: exit code 3, nothing written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'one.json'), '[{"task":"a"}]');
    const { code, stderr } = await apo('split', join(folder, 'one.json'), '--out', join(folder, 'out'));
    expect(code).toBe(3);
    expect(stderr).toContain('at least 2 are needed');
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });
});
