import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { Message } from '../../src/core/message.ts';
import type { Task } from '../../src/core/task.ts';
import { readRecord } from '../../src/datasets/record.ts';
import { createTaskWriter } from '../../src/datasets/write.ts';
import { loadDataset } from '../helpers/dataset.ts';
import { temporaryFolder } from '../helpers/folder.ts';

function read(record: Json) {
  const result = readRecord(record);
  if (!result.ok) throw new Error(result.reason);
  return result.task;
}

it.each<[string, JsonObject, RegExp]>([
  ['an id that lost digits', { id: 2 ** 60, task: 'a' }, /^the id is a number too large/],
  ['several right answers', { task: 'a', ideal: ['5', 'five'] }, /^several answers are expected, any one of them/],
])('%s is noted', (_what, record, note) => {
  const result = readRecord(record);
  expect(result.ok && result.notes).toEqual([expect.stringMatching(note)]);
});

describe('several expected answers', () => {
  const both = { expected: 'Paris', metadata: { expected_answers: ['Paris', 'Lutetia'] } };

  it.each<[string, JsonObject, Partial<Task>]>([
    ['a list', { expected: ['Paris', 'Lutetia', 'Paris'] }, both],
    ['a field for several', { expected_answers: ['Paris', 'Lutetia'] }, both],
    ['a field for several, in capitals', { 'Reference Answers': ['Paris', 'Lutetia'] }, both],
    ['answers', { answers: ['Paris', 'Lutetia'] }, both],
    ["LangSmith's outputs", { outputs: { answer: ['Paris', 'Lutetia'] } }, both],
    [
      'SQuAD',
      { answers: { text: ['Paris', 'Lutetia', 'Paris'], answer_start: [3, 9, 3] } },
      { ...both, metadata: { answers: { answer_start: [3, 9, 3] }, ...both.metadata } },
    ],
    [
      'TriviaQA',
      { answer: { value: 'Paris', aliases: ['Lutetia'], type: 'City' } },
      { ...both, metadata: { answer: { type: 'City' }, ...both.metadata } },
    ],
    [
      'numbers in a field for several',
      { answers: [5, '5.0'] },
      { expected: '5', metadata: { expected_answers: ['5', '5.0'] } },
    ],
    ['one in a field for several', { answers: ['Paris'] }, { expected: 'Paris', metadata: {} }],
    ['one in a list', { expected: ['Paris'] }, { expected: 'Paris', metadata: { expected_answers: ['Paris'] } }],
  ])('%s: the first is the reference, all are kept', (_name, row, task) => {
    expect(read({ task: 'a', ...row })).toMatchObject({ expected: task.expected });
    expect(read({ task: 'a', ...row }).metadata).toEqual(task.metadata);
  });

  it.each<[string, JsonObject, string | null]>([
    ['a list of numbers is a result', { expected: [2, 3, 5] }, '[2,3,5]'],
    ['a list with structures too', { expected: ['a', { b: 1 }] }, '["a",{"b":1}]'],
    ['one answer wins over a list', { expected: 'Paris', answers: ['Lutetia'] }, 'Paris'],
    ['choices are no answers', { answers: ['Paris', 'Rome'], correct_answer_index: 0 }, null],
    ['nothing answers what cannot be answered (SQuAD 2)', { answers: { text: [], answer_start: [] } }, null],
    ['white space is no answer', { expected: ' \n' }, null],
  ])('%s', (_name, row, expected) => {
    const task = read({ task: 'a', ...row });
    expect(task.expected).toBe(expected);
    expect(task.metadata.expected_answers).toBeUndefined();
    if ('answers' in row) expect(task.metadata.answers).toEqual(row.answers);
  });

  it('are the same after a round trip', () => {
    const task = { ...read({ id: 'x', task: 'a', answers: ['Paris', 'Lutetia'] }), id: 'x' };
    expect(read(JSON.parse(JSON.stringify(task)))).toEqual(task);
  });
});

describe('field names', () => {
  it.each(['task', 'question', 'input', 'prompt'])('%s is the input', (name) => {
    expect(read({ [name]: 'why?' }).input).toBe('why?');
  });

  it.each(['expected_answer', 'expected', 'answer', 'output'])('%s is the expected answer', (name) => {
    expect(read({ task: 'a', [name]: 'because' }).expected).toBe('because');
  });

  it.each(['id', 'task_id'])('%s is the id, also as a number', (name) => {
    expect(read({ task: 'a', [name]: 7 }).id).toBe('7');
  });

  it.each([
    [
      { Question: 'q', 'Expected Answer': 'a' },
      { input: 'q', expected: 'a', metadata: {} },
    ],
    [
      { ' Prompt ': 'q', expectedAnswer: 'a', taskId: 7 },
      { id: '7', input: 'q', expected: 'a', metadata: {} },
    ],
    [
      { question: 'q', Question: 'other' },
      { input: 'q', metadata: { Question: 'other' } },
    ],
    [{ task: 'q', 'reasoning-steps': 3, 'My Field': 1 }, { metadata: { reasoning_steps: 3, 'My Field': 1 } }],
  ])('%j is read whatever its capitals and spaces', (record, task) => {
    expect(read(record)).toMatchObject(task);
    expect(read(record).metadata).toEqual(task.metadata);
  });

  it.each([
    ['anwser', 'answer'],
    ['exepcted', 'expected'],
    ['questions', 'question'],
    ['catgory', 'category'],
    ['notes', undefined],
    ['tasks', 'task'],
  ])('a field %s is noted as a probable mistake for %s', (name, meant) => {
    const result = readRecord({ input: 'a', [name]: 'x' });
    const notes = meant === undefined ? [] : [expect.stringContaining(`"${meant}"`)];
    expect(result).toMatchObject({ ok: true, notes });
  });

  it('keeps all other fields as metadata', () => {
    const task = read({
      task: 'a',
      category: 'math',
      difficulty: 'Hard',
      requires_reasoning: true,
      reasoning_steps: ['x'],
      note: 1,
      metadata: { k: 2 },
    });
    expect(task).toMatchObject({ category: 'math', difficulty: 'hard' });
    expect(task.metadata).toEqual({ requires_reasoning: true, reasoning_steps: ['x'], note: 1, k: 2 });
  });

  it('the first of several names counts, the others stay visible', () => {
    expect(read({ input: 'b', task: 'a', answer: 'x', output: 'y' })).toMatchObject({
      input: 'a',
      expected: 'x',
      metadata: { input: 'b', output: 'y' },
    });
    expect(read({ task: null, question: 'q' }).input).toBe('q');
  });

  it.each<[Json, string]>([
    [42, '42'],
    [0, '0'],
    [false, 'false'],
    [{ a: 1 }, '{"a":1}'],
  ])('the expected answer %j becomes text', (answer, text) => {
    expect(read({ task: 'a', answer }).expected).toBe(text);
  });

  it('an unknown difficulty is kept as metadata and noted', () => {
    expect(readRecord({ task: 'a', difficulty: 7 })).toMatchObject({
      task: { difficulty: null, metadata: { difficulty: 7 } },
      notes: [expect.any(String)],
    });
  });

  it.each<[Json, string]>([
    ['a passage', 'a passage'],
    [['one', 'two'], 'one\n\ntwo'],
    [{ page: 1 }, '{"page":1}'],
  ])('context %j becomes one user message', (context, content) => {
    expect(read({ task: 'a', context }).context).toEqual([{ role: 'user', content }]);
  });
});

describe('chat-shaped rows', () => {
  it('the last user message is the input, the reply after it the answer', () => {
    const messages: Json = [
      { role: 'system', content: 'S' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'eins' },
      { role: 'user', content: 'two' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'r' },
      { role: 'assistant', content: 'zwei' },
    ];
    expect(read({ messages, category: 'x' })).toEqual({
      id: undefined,
      input: 'two',
      context: [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'eins' },
      ],
      expected: 'zwei',
      observed: null,
      category: 'x',
      difficulty: null,
      metadata: { system_prompt: 'S', tool_calls: [{ name: 'f', arguments: '{}', result: 'r', is_error: false }] },
    });
  });

  it('reads ShareGPT with system, tools and function calls', () => {
    const conversations = [
      { from: 'human', value: 'weather?' },
      { from: 'function_call', value: '{"name":"get","arguments":{"city":"Paris"}}' },
      { from: 'observation', value: '18C' },
      { from: 'gpt', value: 'It is 18C.' },
    ];
    expect(read({ conversations, system: 'S', tools: '[]' })).toMatchObject({
      input: 'weather?',
      expected: 'It is 18C.',
      metadata: {
        system_prompt: 'S',
        tools: '[]',
        tool_calls: [{ name: 'get', arguments: '{"city":"Paris"}', result: '18C' }],
      },
    });
  });

  it('reads a list of messages under prompt, and a target that is a tool call', () => {
    expect(read({ prompt: [{ role: 'user', content: 'q' }], answer: 'a' })).toMatchObject({
      input: 'q',
      expected: 'a',
    });
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
    expect(
      read({
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', tool_calls: [call] },
        ],
      }),
    ).toMatchObject({
      expected: null,
      metadata: { expected_tool_calls: [call] },
    });
  });
});

describe('our own line', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  // White space alone is none.
  const answer = text.filter((one) => one.trim() !== '');
  const key = text.filter(
    (name) => !['__proto__', 'constructor', 'prototype', 'difficulty', 'metadata', 'system_prompt'].includes(name),
  );
  const turn = fc.oneof<fc.Arbitrary<readonly Message[]>[]>(
    text.map((content) => [{ role: 'user', content }]),
    text.map((content) => [{ role: 'assistant', content, reasoning_content: content }]),
    fc.tuple(text, text, fc.boolean()).map(([args, content, failed]) => [
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: args } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content, name: 'f', ...(failed ? { is_error: true } : {}) },
    ]),
  );
  const task: fc.Arbitrary<Task> = fc.record({
    id: text.filter((id) => id.trim() !== ''),
    input: fc.string({ unit: 'grapheme', maxLength: 30 }),
    context: fc.array(turn, { maxLength: 3 }).map((turns) => turns.flat()),
    expected: fc.option(answer),
    observed: fc.option(answer),
    category: fc.option(text),
    difficulty: fc.constantFrom(null, 'easy', 'medium', 'hard'),
    metadata: fc
      .dictionary(key, fc.oneof(text, fc.integer(), fc.boolean()))
      .map((record): JsonObject => ({ ...record })),
  });

  it('is read back exactly as it was written, with its keys in order', async () => {
    const path = join(temporaryFolder(), 'tasks.jsonl');
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(task, { selector: ({ id }) => id, minLength: 1, maxLength: 5 }),
        async (tasks) => {
          const writer = createTaskWriter(path);
          for (const one of tasks) writer.write(one);
          writer.commit();
          expect((await loadDataset(path)).tasks).toEqual(tasks);
        },
      ),
      { numRuns: 60 },
    );
  });
});
