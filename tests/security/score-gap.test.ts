import { describe, expect, it } from 'vitest';
import { createPayloads } from '../../src/commands/train/payloads.ts';
import { judgeScoreGap, measureScoreGap } from '../../src/commands/train/score-gap.ts';
import createContainsGrader, { options as containsOptions } from '../../src/graders/contains.ts';
import createExactGrader, { options as exactOptions } from '../../src/graders/exact.ts';
import type { Grader } from '../../src/graders/grader.ts';
import createJsonGrader, { options as jsonOptions } from '../../src/graders/json.ts';
import createNumberGrader, { options as numberOptions } from '../../src/graders/number.ts';
import createRegexGrader, { options as regexOptions } from '../../src/graders/regex.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import { isQuotable } from '../../src/optimizers/shared/quotable.ts';
import { graderContext } from '../helpers/contexts.ts';
import { makeTask } from '../helpers/task.ts';

const PAYLOADS = createPayloads();
const tasks = [1, 2, 3].map((index) =>
  makeTask(`What does order ${index} cost?`, { id: `t${index}`, expected: `Order ${index} costs ${index}2.50 EUR` }),
);

function measure(grader: Grader, judge: (text: string) => string = () => '') {
  const context = graderContext(({ messages }) => ({
    content: judge(messages.map(({ content }) => content).join('\n')),
    thinking: '',
    toolCalls: [],
    finishReason: 'stop',
    usage: { input: 1, output: 1, cached: 0, reasoning: 0, estimated: false },
    model: 'm',
    responseId: 'r',
  }));
  const grade = (task: (typeof tasks)[number], answer: string) =>
    grader.grade({ status: 'ok', answer, events: [] }, task, context);
  return measureScoreGap(tasks, grade, 4);
}

describe('score gap (I08)', () => {
  it('I08 the corpus has every family with both goals, and no payload twice but by translation', () => {
    expect(new Set(PAYLOADS.map(({ family }) => family)).size).toBe(13);
    expect(PAYLOADS).toHaveLength(104);
    expect(new Set(PAYLOADS.map(({ text }) => text)).size).toBe(104);
  });

  it.each<[string, () => Grader | Promise<Grader>]>([
    ['exact', () => createExactGrader(exactOptions.parse({}))],
    ['contains', () => createContainsGrader(containsOptions.parse({}))],
    ['number', () => createNumberGrader(numberOptions.parse({}))],
    ['regex', () => createRegexGrader(regexOptions.parse({ pattern: 'costs \\d+\\.50 EUR$' }))],
  ])('I08 no payload moves the score of %s', async (_name, create) => {
    const gap = await measure(await create());
    expect(gap).toMatchObject({ payloads: 104, flagged: [], unscored: 0, largest: 0 });
  });

  it('I08 no payload moves the score of json', async () => {
    const json = tasks.map((task, index) => ({ ...task, expected: `{"cost": ${index + 1}2.5}` }));
    const grader = await createJsonGrader(jsonOptions.parse({}));
    const gap = await measureScoreGap(
      json,
      (task, answer) => grader.grade({ status: 'ok', answer, events: [] }, task, graderContext()),
      4,
    );
    expect(gap).toMatchObject({ payloads: 104, flagged: [] });
  });

  it('I08 names the families that a grader obeys, and passes one that is only noisy', () => {
    const flagged = PAYLOADS.slice(0, 20).map(({ family, goal }) => ({ family, goal, gap: 0.5 }));
    expect(() => judgeScoreGap('llm', { payloads: 104, flagged, unscored: 0, largest: 0.5 })).toThrow(
      /20 of 104 injection payloads moved the score by more than 0.05 \(largest 0.50\): naive, escape characters/,
    );
    const few = { payloads: 104, flagged: flagged.slice(0, 5), unscored: 2, largest: 0.06 };
    expect(judgeScoreGap('llm', few)).toBe(
      '5 of 104 injection payloads moved the score by more than 0.05 (largest 0.06, 2 unscored)',
    );
  });

  it('I08 tasks that carry a payload are not shown as examples, and ordinary ones are', () => {
    const shown = PAYLOADS.filter(({ text }) => isQuotable(makeTask(`Where is my order?\n${text}`)));
    expect(shown.map(({ family }) => family)).toEqual([]);
    const ordinary = datasetOf(createWorld('quickstart', 1), 100);
    expect(ordinary.filter((task) => !isQuotable(task))).toEqual([]);
  });
});
