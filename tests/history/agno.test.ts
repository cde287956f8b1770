import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/core/task.ts';
import createAgnoHistory, { detect } from '../../src/history/agno/index.ts';
import type { HistoryOptions, HistoryRecord } from '../../src/history/source.ts';
import { historyContract } from '../contracts/history.ts';
import { makeRun, type Session, writeAgnoV2 } from '../helpers/agno-database.ts';
import { openDatabase } from '../helpers/database.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');

function read(path: string, options: Omit<HistoryOptions, 'path'> = {}): readonly HistoryRecord[] {
  const source = createAgnoHistory({ path, ...options });
  try {
    return [...(source.read() as Iterable<HistoryRecord>)];
  } finally {
    source.close();
  }
}

function tasksOf(records: readonly HistoryRecord[]): readonly Task[] {
  return records.flatMap((record) => (record.kind === 'task' ? [record.task] : []));
}

function readSessions(
  sessions: readonly Session[],
  options: Omit<HistoryOptions, 'path'> = {},
): readonly HistoryRecord[] {
  const path = join(temporaryFolder(), 'app.db');
  writeAgnoV2(path, sessions);
  return read(path, options);
}

function roles(task: Task | undefined): string {
  return (task?.context ?? []).map(({ role }) => role[0]).join('');
}

describe('files that agno wrote', () => {
  it.each([
    [
      'agno_v1.8.3.db',
      ['What is the weather in Paris?', 'And who are you?', 'what is this', 'Ask about Paris'],
      ['', 'uata', 'uataua', ''],
    ],
    [
      'agno_v2.9.0_default.db',
      [
        'What is the weather in Paris?',
        'And thanks, who are you? weather-free',
        'what is this',
        'boom',
        'Ask about Paris',
      ],
      ['', 'uata', 'uatauata', 'uatauataua', ''],
    ],
    [
      'agno_v3.0.0a3.db',
      [
        'What is the weather in Paris?',
        'And thanks, who are you? weather-free',
        'what is this',
        'boom',
        'Ask about Paris',
      ],
      ['', 'uata', 'uatauata', 'uatauataua', ''],
    ],
  ])('%s gives each user turn once, with the conversation before it', (file, inputs, contexts) => {
    const tasks = tasksOf(read(join(FIXTURES, file)));
    expect(tasks.map(({ input }) => input)).toEqual(inputs);
    expect(tasks.map(roles)).toEqual(contexts);
    expect(tasks[0]).toMatchObject({
      observed: 'It is 18C in Paris.',
      expected: null,
      metadata: {
        source: 'agno',
        session_id: 's1',
        user_id: 'u1',
        agent_id: 'weather-agent',
        model: 'gpt-4o-mini',
        tool_calls: [{ name: 'get_weather', arguments: '{"city": "Paris"}', result: '18C in Paris', is_error: false }],
      },
    });
    const name = file.replace('.db', '');
    expect(tasks[0]?.id).toBe(`agno:${name}:s1:${String(tasks[0]?.metadata.run_id)}`);
    expect(tasks.find(({ input }) => input === 'what is this')?.metadata.media).toEqual(['image']);
    expect(tasks.at(-1)?.metadata).toMatchObject({ team_id: 'team-1', session_id: 'ts1' });
  });

  it.each(['agno_v2.9.0_default.db', 'agno_v3.0.0a3.db'])(
    '%s: a turn that failed keeps its task without an answer',
    (file) => {
      const failed = tasksOf(read(join(FIXTURES, file))).find(({ input }) => input === 'boom');
      expect(failed).toMatchObject({
        observed: null,
        expected: null,
        metadata: { status: 'ERROR', error: expect.any(String) },
      });
    },
  );

  it('takes the system prompt out of the context and keeps it as metadata', () => {
    const [first] = tasksOf(read(join(FIXTURES, 'agno_v1.8.3.db')));
    expect(first?.metadata.system_prompt).toBe('<instructions>\nBe brief.\n</instructions>');
  });

  it('reads a v2 database that was migrated to v3: rows win over the frozen column', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'migrated.db');
    writeAgnoV2(path, [
      { id: 's1', runs: [makeRun('r1', 'old question', 'frozen'), makeRun('r0', 'only frozen', 'kept')] },
    ]);
    const database = openDatabase(path);
    database.exec('CREATE TABLE agno_runs (run_id PRIMARY KEY, session_id, run_index, run_data JSON)');
    const insert = database.prepare('INSERT INTO agno_runs VALUES (?, ?, ?, ?)');
    insert.run('r1', 's1', 1, JSON.stringify(makeRun('r1', 'old question', 'from the row')));
    insert.run('r2', 's1', 2, JSON.stringify(makeRun('r2', 'new question', 'new')));
    insert.run('r3', 'gone', 0, JSON.stringify(makeRun('r3', 'session row is gone', 'still here')));
    database.close();
    expect(tasksOf(read(path)).map(({ input, observed }) => [input, observed])).toEqual([
      ['only frozen', 'kept'],
      ['old question', 'from the row'],
      ['new question', 'new'],
      ['session row is gone', 'still here'],
    ]);
  });

  it('a step of a workflow that its agent stored once more is no question of a user', () => {
    const path = join(temporaryFolder(), 'workflow.db');
    const database = openDatabase(path);
    database.exec('CREATE TABLE agno_sessions (session_id PRIMARY KEY, session_type, created_at)');
    database.exec('CREATE TABLE agno_runs (run_id PRIMARY KEY, session_id, run_type, run_index, run_data JSON)');
    database.exec("INSERT INTO agno_sessions VALUES ('s1', 'workflow', 1)");
    const insert = database.prepare('INSERT INTO agno_runs VALUES (?, ?, ?, ?, ?)');
    // As agno 3.1.10 writes it: the agent's own row comes first and names no parent.
    insert.run('r1', 's1', 'agent', 0, JSON.stringify(makeRun('r1', 'what the first step said', 'the last step')));
    insert.run(
      'w1',
      's1',
      'workflow',
      0,
      JSON.stringify({
        run_id: 'w1',
        workflow_id: 'wf',
        input: 'what the user asked',
        content: 'the last step',
        status: 'COMPLETED',
        step_results: [{ step_run_id: null, steps: [{ step_run_id: 'r1' }] }],
      }),
    );
    insert.run('r2', 's1', 'agent', 1, JSON.stringify(makeRun('r2', 'asked of the agent itself', 'an answer')));
    insert.run('torn', 's1', 'workflow', 2, '{"run_id": ');
    database.close();
    expect(tasksOf(read(path)).map(({ input }) => input)).toEqual(['what the user asked', 'asked of the agent itself']);
  });

  it('reads all tables of runs, whatever they are called', () => {
    const path = join(temporaryFolder(), 'several.db');
    const database = openDatabase(path);
    for (const name of ['sales', 'support']) {
      database.exec(`CREATE TABLE ${name}_sessions (session_id PRIMARY KEY, session_type, agent_id, created_at)`);
      database.exec(`CREATE TABLE ${name}_runs (run_id PRIMARY KEY, session_id, run_index, run_data JSON)`);
      database.prepare(`INSERT INTO ${name}_sessions VALUES (?, 'agent', ?, 1)`).run(`of ${name}`, name);
      const run = JSON.stringify(makeRun(`r ${name}`, `question to ${name}`, 'answer'));
      database.prepare(`INSERT INTO ${name}_runs VALUES (?, ?, 0, ?)`).run(`r ${name}`, `of ${name}`, run);
      database.prepare(`INSERT INTO ${name}_runs VALUES (?, ?, 0, ?)`).run(`o ${name}`, `gone ${name}`, run);
    }
    database.close();
    expect(tasksOf(read(path)).map(({ input, metadata }) => `${metadata.session_id}: ${input}`)).toEqual([
      'of sales: question to sales',
      'of support: question to support',
      'gone sales: question to sales',
      'gone support: question to support',
    ]);
  });

  it('reads early v1, where a run is a message and a response', () => {
    const path = join(temporaryFolder(), 'old.db');
    const database = openDatabase(path);
    database.exec(`CREATE TABLE "my chats" (session_id, agent_id, user_id, memory JSON, agent_data JSON, session_data JSON,
      extra_data JSON, created_at INTEGER, updated_at INTEGER)`);
    const say = (role: string, content: string, more = {}) => ({
      role,
      content,
      from_history: false,
      created_at: 1795229103,
      ...more,
    });
    const memory = {
      runs: [
        {
          message: say('user', 'Who are you?'),
          response: {
            run_id: 'r1',
            content: 'A bot.',
            model: 'm',
            messages: [say('system', 'S'), say('user', 'Who are you?'), say('assistant', 'A bot.')],
          },
        },
        {
          message: say('user', 'Really?'),
          response: {
            run_id: 'r2',
            content: 'Yes.',
            messages: [
              say('system', 'S'),
              say('user', 'Who are you?', { from_history: true }),
              say('assistant', 'A bot.', { from_history: true }),
              say('user', 'Really?'),
              say('assistant', 'Yes.'),
            ],
          },
        },
      ],
      messages: [say('user', 'Who are you?')],
    };
    database
      .prepare('INSERT INTO "my chats" VALUES (?,?,?,?,?,?,?,?,?)')
      .run('s', 'a', 'u', JSON.stringify(memory), '{}', '{}', 'null', 1, 2);
    database.close();
    expect(detect(path)).toBe(true);
    const tasks = tasksOf(read(path));
    expect(tasks.map(({ input, observed }) => [input, observed])).toEqual([
      ['Who are you?', 'A bot.'],
      ['Really?', 'Yes.'],
    ]);
    expect(tasks[1]?.context).toEqual([
      { role: 'user', content: 'Who are you?' },
      { role: 'assistant', content: 'A bot.' },
    ]);
  });

  it('does not take the sessions of team members for turns of a user', () => {
    const path = join(temporaryFolder(), 'members.db');
    copyFileSync(join(FIXTURES, 'agno_v1.8.3.db'), path);
    const database = openDatabase(path);
    database.exec("UPDATE agent_sessions SET team_session_id = 'ts1'");
    database.close();
    expect(tasksOf(read(path)).map(({ input }) => input)).toEqual(['Ask about Paris']);
  });
});

describe('runs of all kinds', () => {
  it('a paused or cancelled run is a task without an answer and no part of the conversation', () => {
    const records = readSessions([
      {
        id: 's',
        runs: [
          makeRun('r1', 'one', 'half', { status: 'PAUSED' }),
          makeRun('r2', 'two', 'stopped', { status: 'CANCELLED' }),
          makeRun('r3', 'three', 'fine'),
        ],
      },
    ]);
    expect(tasksOf(records).map(({ observed, metadata }) => [observed, metadata.status])).toEqual([
      [null, 'PAUSED'],
      [null, 'CANCELLED'],
      ['fine', undefined],
    ]);
    expect(roles(tasksOf(records)[2])).toBe('');
  });

  it('a regenerated run is rejected with its reason, the run that replaced it says so', () => {
    const records = readSessions([
      {
        id: 's',
        runs: [
          makeRun('r1', 'q', 'bad', { status: 'REGENERATED' }),
          makeRun('r2', 'q', 'good', { regenerated_from: 'r1' }),
        ],
      },
    ]);
    expect(records[0]).toMatchObject({
      kind: 'rejected',
      where: 'agno:app:s:r1',
      reason: expect.stringContaining('regenerated'),
      replaced: { id: 'agno:app:s:r1', observed: 'bad' },
    });
    expect(tasksOf(records)[0]?.metadata.regenerated_from).toBe('r1');
  });

  it('a finished run whose status still says RUNNING counts as finished', () => {
    expect(
      tasksOf(readSessions([{ id: 's', runs: [makeRun('r', 'q', 'done', { status: 'RUNNING' })] }]))[0]?.observed,
    ).toBe('done');
  });

  it('copies from history are no new messages', () => {
    const copies = [
      { role: 'user', content: 'one', from_history: true },
      { role: 'assistant', content: 'eins', from_history: true },
      { role: 'user', content: 'two <references>long</references>', from_history: false },
      { role: 'assistant', content: 'zwei', from_history: false },
    ];
    const records = readSessions([
      {
        id: 's',
        runs: [
          makeRun('r1', 'one', 'eins'),
          makeRun('r2', 'two', 'zwei', { messages: copies }),
          makeRun('r3', 'three', 'drei'),
        ],
      },
    ]);
    const tasks = tasksOf(records);
    expect(tasks[1]?.input).toBe('two');
    expect(tasks[2]?.context.map(({ content }) => content)).toEqual([
      'one',
      'eins',
      'two <references>long</references>',
      'zwei',
    ]);
  });

  it('a run that stored nothing but copies is not mistaken for the turn that it copies', () => {
    const copies = [
      { role: 'user', content: 'one', from_history: true },
      { role: 'assistant', content: 'eins', from_history: true },
    ];
    const runs = [
      makeRun('r1', 'one', 'eins'),
      makeRun('r2', 'one', 'again', { messages: copies }),
      makeRun('r3', 'x', 'y'),
    ];
    const last = tasksOf(readSessions([{ id: 's', runs }])).at(-1);
    expect(last?.context.map(({ content }) => content)).toEqual(['one', 'eins', 'one', 'again']);
  });

  it.each([
    ['a text', 'plain', 'plain'],
    ['an object with one text', { topic: 'cats' }, 'cats'],
    ['an object', { topic: 'cats', n: 3 }, '{"topic":"cats","n":3}'],
    ['a message', { role: 'user', content: 'from a message' }, 'from a message'],
    ['a list of texts', ['a', 'b'], 'a\nb'],
    ['content parts', [{ type: 'text', text: 'part' }], 'part'],
  ])('reads %s as input', (_name, content, input) => {
    const run = makeRun('r', 'x', 'y', { input: { input_content: content } });
    expect(tasksOf(readSessions([{ id: 's', runs: [run] }]))[0]?.input).toBe(input);
  });

  it('messages that were given with the input stand in the context', () => {
    const asked = [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'second' },
      { role: 'user', content: 'third' },
    ];
    const run = makeRun('r', '', 'fourth', {
      input: { input_content: asked },
      messages: [...asked, { role: 'assistant', content: 'fourth' }],
    });
    const tasks = tasksOf(readSessions([{ id: 's', runs: [run, makeRun('r2', 'fifth', 'sixth')] }]));
    expect(tasks[0]).toMatchObject({ input: 'third', observed: 'fourth' });
    expect(tasks[1]?.context.map(({ content }) => content)).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it('a workflow run has a bare input, and its executors are no turns', () => {
    const workflow = {
      run_id: 'w',
      workflow_id: 'wf',
      input: 'do it',
      content: 'done',
      status: 'COMPLETED',
      step_executor_runs: [makeRun('x', 'inner', 'inner')],
    };
    const executor = makeRun('e', 'inner', 'inner', { parent_run_id: 'w' });
    expect(tasksOf(readSessions([{ id: 's', type: 'workflow', runs: [executor, workflow] }]))).toMatchObject([
      { input: 'do it', observed: 'done', metadata: { workflow_id: 'wf' } },
    ]);
  });

  it('a structured answer becomes JSON', () => {
    const run = makeRun('r', 'q', 'x', { content: { city: 'Paris' }, content_type: 'City' });
    expect(tasksOf(readSessions([{ id: 's', runs: [run] }]))[0]?.observed).toBe('{"city":"Paris"}');
  });

  it('tool calls come from the run when its messages have none', () => {
    const tools = [
      { tool_name: 'find', tool_args: { id: 1 }, result: 'found', tool_call_error: true },
      { tool_name: 'waiting', tool_args: {}, result: null },
    ];
    expect(
      tasksOf(readSessions([{ id: 's', runs: [makeRun('r', 'q', 'a', { tools })] }]))[0]?.metadata.tool_calls,
    ).toEqual([{ name: 'find', arguments: '{"id":1}', result: 'found', is_error: true }]);
  });

  it('a run that is no JSON object and a session that is torn cost one record each', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'app.db');
    writeAgnoV2(path, [{ id: 's', runs: [makeRun('r1', 'q', 'a'), 'nonsense' as never, makeRun('r2', 'q2', 'a2')] }]);
    const database = openDatabase(path);
    const insert = database.prepare(
      "INSERT INTO agno_sessions (session_id, session_type, runs, created_at) VALUES (?, 'agent', ?, 1)",
    );
    insert.run('torn', JSON.stringify([makeRun('t1', 'whole', 'a'), makeRun('t2', 'torn', 'a')]).slice(0, -40));
    insert.run('none', 'null');
    insert.run('broken', '{broken json');
    database.close();
    const records = read(path);
    expect(tasksOf(records).map(({ input }) => input)).toEqual(['q', 'q2', 'whole']);
    expect(records.filter(({ kind }) => kind === 'rejected')).toEqual([
      { kind: 'rejected', where: 'agno:app:s:2', reason: 'a run is not an object' },
      { kind: 'rejected', where: 'agno:app:torn:2', reason: expect.stringContaining('torn') },
      { kind: 'rejected', where: 'agno:app:broken:1', reason: expect.stringContaining('torn') },
    ]);
  });

  it('keeps the end of a very long conversation, whole turns only, and says how much is left out', () => {
    const runs = Array.from({ length: 100 }, (_, index) => makeRun(`r${index}`, `question ${index}`, 'answer'));
    const last = tasksOf(readSessions([{ id: 's', runs }])).at(-1);
    expect(last?.context).toHaveLength(60);
    expect(last?.context[0]).toEqual({ role: 'user', content: 'question 69' });
    expect(last?.metadata.context_omitted).toBe(138);
  });
});

describe('ratings that the host application wrote', () => {
  const rated = (metadata: unknown, more = {}) => makeRun('r', 'q', 'a', { metadata, ...more });
  const ratingOf = (session: Omit<Session, 'id'>): unknown =>
    tasksOf(readSessions([{ id: 's', ...session }]))[0]?.metadata.rating;

  it.each([
    ['thumbs up', { rating: 1 }, 1],
    ['thumbs down', { rating: -1 }, 0],
    ['words', { feedback: 'thumbs_down' }, 0],
    ['booleans', { liked: true }, 1],
    ['a nested value', { feedback: { score: 'up', comment: 'nice' } }, 1],
    ['a share', { score: 0.25 }, 0.25],
    ['stars', { rating: 4 }, 0.75],
    ['text numbers', { rating: '5/5' }, 1],
    ['nothing', { note: 'x' }, undefined],
  ])('reads %s', (_name, metadata, rating) => {
    expect(ratingOf({ runs: [rated(metadata)] })).toBe(rating);
  });

  it('finds them in session metadata, in the session state, and by run id', () => {
    expect(ratingOf({ runs: [rated(null)], metadata: { rating: 'up' } })).toBe(1);
    expect(ratingOf({ runs: [rated(null)], sessionData: { session_state: { feedback: 'down' } } })).toBe(0);
    expect(ratingOf({ runs: [rated(null, { session_state: { score: 0.5 } })] })).toBe(0.5);
    expect(
      ratingOf({ runs: [rated(null)], sessionData: { session_state: { ratings: { r: 'up', other: 'down' } } } }),
    ).toBe(1);
  });

  it('one star is the worst rating where others have more, and not a thumb', () => {
    const runs = [
      makeRun('r1', 'q', 'a', { metadata: { rating: 1 } }),
      makeRun('r2', 'q2', 'a2', { metadata: { rating: 5 } }),
    ];
    const tasks = tasksOf(readSessions([{ id: 's', runs }]));
    expect(tasks.map(({ metadata }) => metadata.rating)).toEqual([0, 1]);
    expect(tasks.map(({ expected }) => expected)).toEqual([null, 'a2']);
  });

  it('an answer is a reference only when it was rated good, or when the user says so', () => {
    const runs = [rated({ rating: 'down' })];
    expect(tasksOf(readSessions([{ id: 's', runs }]))[0]?.expected).toBeNull();
    expect(tasksOf(readSessions([{ id: 's', runs }], { expectObserved: true }))[0]?.expected).toBe('a');
  });
});

describe.each(['agno_v1.8.3.db', 'agno_v2.9.0_default.db', 'agno_v3.0.0a3.db'])('%s as a history source', (file) => {
  historyContract(() => createAgnoHistory({ path: join(FIXTURES, file) }));
});
