import { expect, it } from 'vitest';
import type { TraceEvent } from '../../../src/core/trace.ts';
import { mineRegressions } from '../../../src/exporters/pipeline/regressions.ts';
import { createTally } from '../../../src/exporters/pipeline/report.ts';
import type { Taken } from '../../../src/exporters/pipeline/samples.ts';
import { makeTask } from '../../helpers/task.ts';
import { takenOf } from '../conversations.ts';

const at = { at: 0, spanId: '1' };
const told = (question: string, answer: string): readonly TraceEvent[] => [
  { ...at, type: 'user', content: question },
  { ...at, type: 'tool_call', id: 'c', name: 'look_up', arguments: '{"q":"x"}' },
  { ...at, type: 'tool_result', id: 'c', name: 'look_up', content: 'found', isError: false, replayed: false },
  { ...at, type: 'reply', content: answer },
];
const trace = (traceId: string, score: number | null, correction: string | null) =>
  takenOf(told(`question ${traceId}`, `answer ${traceId}`), {
    traceId,
    score,
    reason: correction === null ? '' : 'the year is wrong',
    correction,
  });

it('takes an answer that a user corrected for a failure, and the correction for what was expected', async () => {
  const source = {
    async *read() {
      yield trace('bad', 0.1, null);
      yield trace('corrected', null, 'the right answer');
      yield trace('good', 1, null);
    },
  };
  const options = { maxScore: 0.5, redaction: 0, hash: (id: string) => id, tasks: new Map() } as const;
  const mined = await mineRegressions(source, options, createTally());
  const tasks = mined.tasks.toSorted((a, b) => a.id.localeCompare(b.id));
  expect(tasks.map(({ input, expected, observed, metadata }) => [input, expected, observed, metadata.score])).toEqual([
    ['question bad', null, 'answer bad', 0.1],
    ['question corrected', 'the right answer', 'answer corrected', 0],
  ]);
  const [, corrected] = tasks;
  expect(corrected?.metadata).toMatchObject({
    failure_reason: 'the year is wrong',
    tool_calls: [{ name: 'look_up', result: 'found' }],
  });
});

it('keeps all answers that are right, redacted', async () => {
  const taken = trace('bad', 0, null) as Extract<Taken, { ok: true }>;
  const known = makeTask('Who answers?', {
    id: taken.sample.taskId,
    expected: 'Ada',
    metadata: { expected_answers: ['Ada', 'ada@example.com'] },
  });
  const source = {
    async *read() {
      yield taken;
    },
  };
  const tasks = new Map([[known.id, known]]);
  const mined = await mineRegressions(source, { maxScore: 0.5, redaction: 2, hash: (id) => id, tasks }, createTally());
  expect(mined.tasks[0]).toMatchObject({ expected: 'Ada', metadata: { expected_answers: ['Ada', '<EMAIL_1>'] } });
});

it('groups failed traces by their errors, where nobody said more', async () => {
  const failing = (traceId: string, message: string) =>
    takenOf(
      [
        { ...at, type: 'user', content: `question ${traceId}` },
        { ...at, type: 'error', message },
      ],
      { traceId, status: 'error' },
    );
  const source = {
    async *read() {
      for (let index = 0; index < 6; index++) {
        yield failing(`w${index}`, `TimeoutError: weather service timed out after ${index} s`);
        yield failing(`d${index}`, `ToolError: database refused the connection, attempt ${index}`);
      }
    },
  };
  const options = { maxScore: 0.5, redaction: 0, hash: (id: string) => id, tasks: new Map() } as const;
  const { groups } = await mineRegressions(source, options, createTally());
  expect(groups.map(({ members }) => [...new Set(members.map(({ id }) => id[0]))])).toEqual([['d'], ['w']]);
  expect(groups[1]?.name).toMatch(/weather|timed|timeouterror/);
});
