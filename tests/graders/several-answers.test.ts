import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { readRecord } from '../../src/datasets/record.ts';
import createContainsGrader from '../../src/graders/contains.ts';
import createExactGrader from '../../src/graders/exact.ts';
import type { Grader } from '../../src/graders/grader.ts';
import createJsonGrader from '../../src/graders/json.ts';
import createModelGrader, { options as modelOptions } from '../../src/graders/llm.ts';
import createNumberGrader, { options as numberOptions } from '../../src/graders/number.ts';
import createRegexGrader from '../../src/graders/regex.ts';
import { graderContext, replyOf, rolloutOf, taskOf } from '../helpers/contexts.ts';

/** A task as it is read from a row, so that reader and graders agree. */
function taskExpecting(expected: Json) {
  const read = readRecord({ input: 'q', expected });
  if (!read.ok) throw new Error(read.reason);
  return { ...read.task, id: 'task-1' };
}

const exact = createExactGrader({ strict: false });
const contains = createContainsGrader({ mode: 'all', strict: false });
const regex = createRegexGrader({ flags: '', timeoutMs: 1000 });
const number = createNumberGrader(numberOptions.parse({}));
const json = await createJsonGrader({});

describe('of several expected answers', () => {
  it.each<[Grader, Json, string, number]>([
    [exact, ['Paris', 'the French capital'], 'The French capital.', 1],
    [exact, ['Paris', 'the French capital'], 'paris', 1],
    [exact, ['Paris', 'the French capital'], 'Rome', 0],
    [exact, ['Paris', 'Rome'], '["Paris","Rome"]', 1],
    [contains, ['Paris', 'Lutetia'], 'It was called Lutetia then.', 1],
    [contains, ['Paris', 'Lutetia'], 'It was called Rome then.', 0],
    [regex, ['^5$', 'fi+ve'], 'fiive', 1],
    [regex, ['^5$', 'fi+ve'], 'i', 0],
    [number, ['5 km', '5500 m'], 'about 5.5 km', 1],
    [number, ['5 km', 'five'], '6', 0],
    [json, ['red', 'blue'], '[ "red", "blue" ]', 1],
    [json, ['red'], '["red"]', 1],
    [json, ['red'], '["blue"]', 0],
    [json, ['{"a":1}', '{"a":2}'], '{ "a": 2 }', 1],
  ])('$name takes the best: %j, answer %j: %d', async (grader, expected, answer, score) => {
    const task = taskExpecting(expected);
    expect(grader.problemOf?.(task)).toBeUndefined();
    expect(await grader.grade(rolloutOf(answer), task, graderContext())).toMatchObject({ status: 'scored', score });
  });

  it('a grader that can use none says why', () => {
    expect(number.problemOf?.(taskExpecting(['five', 'six']))).toBe('the expected answer has no number');
    expect(json.problemOf?.(taskOf({ expected: '{' }))).toMatch(/^the expected answer is not JSON/);
  });

  it('the model that grades is shown all and told that one is enough', async () => {
    const grader = createModelGrader(modelOptions.parse({}));
    const asked = async (expected: Json): Promise<string> => {
      const context = graderContext([replyOf('{"accuracy":1,"reasoning":1,"score":1,"reason":"r"}')]);
      await grader.grade(rolloutOf('Rome'), taskExpecting(expected), context);
      return context.chats[0]?.messages.map(({ content }) => content).join('\n') ?? '';
    };
    const several = await asked(['Paris', 'Lutetia']);
    expect(several).toContain('Lutetia');
    expect(several).toContain('one of them is enough');
    expect(await asked('Paris')).not.toContain('one of them is enough');
  });
});
