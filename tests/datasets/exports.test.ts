import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { fileOf, loadDataset } from '../helpers/dataset.ts';

const lines = (...rows: readonly Json[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

async function read(text: string, name: string) {
  const { tasks, records } = await loadDataset(fileOf(name, text));
  expect(records).toBe(tasks.length);
  return tasks.map(({ input, expected }) => [input, expected]);
}

const ROWS = [
  { task: 'What is 1+1?', expected_answer: '2', difficulty: 'easy' },
  { task: 'What is 2+2?', expected_answer: '4', difficulty: 'hard' },
];
const column = (name: 'task' | 'expected_answer' | 'difficulty') => ROWS.map((row) => row[name]);

describe('files as spreadsheets and pandas write them', () => {
  it.each<[string, Json]>([
    ['to_dict list', { task: column('task'), expected_answer: column('expected_answer') }],
    [
      'to_json columns, the default',
      {
        task: { '0': ROWS[0]?.task as Json, '1': ROWS[1]?.task as Json },
        expected_answer: { '0': '2', '1': '4' },
      },
    ],
    ['to_json index', { a: ROWS[0] as Json, b: ROWS[1] as Json }],
    [
      'to_json split',
      { columns: ['task', 'expected_answer'], index: [0, 1], data: ROWS.map((r) => [r.task, r.expected_answer]) },
    ],
  ])('reads %s', async (_, document) => {
    expect(await read(JSON.stringify(document), 'frame.json')).toEqual(ROWS.map((r) => [r.task, r.expected_answer]));
  });

  it('takes a chat or a list as one row where it is one', async () => {
    const chat = {
      messages: [
        { role: 'user', content: 'hi there' },
        { role: 'assistant', content: 'hello' },
      ],
    };
    expect(await read(JSON.stringify(chat), 'one.json')).toEqual([['hi there', 'hello']]);
    expect(await read(JSON.stringify({ task: ['a', 'b'], expected: 'c' }), 'one.json')).toEqual([['["a","b"]', 'c']]);
  });

  it('leaves out the empty rows and columns around a table, but no cell that holds something', async () => {
    const text = 'Task,Expected Answer,,\r\nOne?,1,,\r\nTwo?,2,,note\r\n,,,\r\n,,,\r\n';
    const { tasks, records } = await loadDataset(fileOf('sheet.csv', text));
    expect(records).toBe(2);
    expect(tasks.map(({ input, metadata }) => [input, metadata])).toEqual([
      ['One?', {}],
      ['Two?', { column_4: 'note' }],
    ]);
  });

  it("follows Excel's first line, and keeps line numbers", async () => {
    expect(await read('sep=;\r\ntask;expected\r\nOne, two?;1,5\r\n', 'excel.csv')).toEqual([['One, two?', '1,5']]);
    const { rejected } = await loadDataset(fileOf('excel.csv', `sep=;\ntask;expected\n${'a?;b\n'.repeat(30)};b\n`), {
      skipInvalid: true,
    });
    expect(rejected.map(({ where }) => where)).toEqual(['excel.csv:33']);
  });
});

describe('rows as other tools export them', () => {
  it.each<[string, Json, [string, string | null]]>([
    ['Langfuse', { input: { question: 'Q?' }, expectedOutput: 'A' }, ['Q?', 'A']],
    ['Langfuse chat', { input: { messages: [{ role: 'user', content: 'Q?' }] }, expectedOutput: 'A' }, ['Q?', 'A']],
    ['LangSmith', { inputs: { question: 'Q?' }, outputs: { answer: 'A' } }, ['Q?', 'A']],
    [
      'LangSmith chat',
      {
        inputs: { messages: [{ role: 'user', content: 'Q?' }] },
        outputs: { messages: [{ role: 'assistant', content: 'A' }] },
      },
      ['Q?', 'A'],
    ],
    [
      'LangSmith chat of LangChain',
      { inputs: { messages: [{ type: 'human', content: 'Q?' }] }, outputs: { output: { type: 'ai', content: 'A' } } },
      ['Q?', 'A'],
    ],
    [
      'LangSmith chat of messages_to_dict',
      {
        inputs: { input: [{ type: 'human', data: { content: 'Q?' } }] },
        outputs: { messages: [{ type: 'ai', data: { content: [{ type: 'text', text: 'A' }] } }] },
      },
      ['Q?', 'A'],
    ],
    [
      'LangSmith run of LangChain',
      {
        inputs: {
          messages: [
            [
              {
                lc: 1,
                type: 'constructor',
                id: ['langchain_core', 'messages', 'HumanMessage'],
                kwargs: { content: 'Q?', type: 'human' },
              },
            ],
          ],
        },
        outputs: { answer: 'A' },
      },
      ['Q?', 'A'],
    ],
    [
      'the viewer of Hugging Face',
      { row_idx: 0, row: { question: 'Q?', answer: 'A' }, truncated_cells: [] },
      ['Q?', 'A'],
    ],
    ['OpenAI evals with one ideal', { input: [{ role: 'user', content: 'Q?' }], ideal: ['A'] }, ['Q?', 'A']],
    [
      'OpenAI preference pairs',
      {
        input: { messages: [{ role: 'user', content: 'Q?' }] },
        preferred_output: [{ role: 'assistant', content: 'A' }],
        non_preferred_output: [{ role: 'assistant', content: 'B' }],
      },
      ['Q?', 'A'],
    ],
    ['our own RFT export', { messages: [{ role: 'user', content: 'Q?' }], reference_answer: 'A' }, ['Q?', 'A']],
    ['OpenAI evals', { input: [{ role: 'user', content: 'Q?' }], ideal: 'A' }, ['Q?', 'A']],
    [
      'TRL',
      { prompt: [{ role: 'user', content: 'Q?' }], completion: [{ role: 'assistant', content: 'A' }] },
      ['Q?', 'A'],
    ],
    ['KTO, a bad completion', { prompt: 'Q?', completion: 'A', label: false }, ['Q?', null]],
    ['Alpaca', { instruction: 'Translate', input: 'Hallo', output: 'Hello' }, ['Translate\n\nHallo', 'Hello']],
    ['Alpaca without input', { instruction: 'Say hi', input: '', output: 'hi' }, ['Say hi', 'hi']],
    ['Dolly', { instruction: 'When?', context: 'In 2000', response: '2000' }, ['When?', '2000']],
    [
      'a structure of its own',
      { input: { q: 1, z: 'x' }, expected: { answer: 'A' } },
      ['{"q":1,"z":"x"}', '{"answer":"A"}'],
    ],
    ['a task beside an instruction', { task: 'T', instruction: 'I', answer: 'A' }, ['T', 'A']],
  ])('reads %s', async (_, row, task) => {
    expect(await read(lines(row), 'rows.jsonl')).toEqual([task]);
  });

  it.each(['" "', '12345678901234567890', '1e300'])('names a task itself where the id is %s', async (id) => {
    const { tasks } = await loadDataset(fileOf('rows.jsonl', `{"id": ${id}, "task": "Q?"}\n`));
    expect(tasks[0]?.id).toMatch(/^task-/);
  });

  it('documents as a context are passages, not messages', async () => {
    const context = [
      { title: 'T', text: 'one' },
      { title: 'U', text: 'two' },
    ];
    const { tasks } = await loadDataset(fileOf('rows.jsonl', lines({ task: 'Q?', context })));
    expect(tasks[0]?.context).toEqual([
      { role: 'user', content: '{"title":"T","text":"one"}\n\n{"title":"U","text":"two"}' },
    ]);
  });
});
