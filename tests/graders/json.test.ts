import { describe, expect, it } from 'vitest';
import createJsonGrader, { options } from '../../src/graders/json.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

const schema = {
  type: 'object',
  properties: { total: { type: 'integer' }, code: { type: 'string', pattern: '^(a+)+$' } },
  required: ['total'],
};

testGrader('json with a schema', {
  create: () => createJsonGrader(options.parse({ schema })),
  good: '{"total": 3}',
  bad: '{"total": "3"}',
});
testGrader('json by the expected answer', {
  create: () => createJsonGrader(options.parse({})),
  task: { expected: '{"a": 1, "b": [true]}' },
  good: '```json\n{"b": [true], "a": 1.0}\n```',
  bad: '{"a": 1}',
});

async function gradeOf(answer: string, given: unknown, expected: string | null = null): Promise<string> {
  const grader = await createJsonGrader(options.parse(given));
  const grade = await grader.grade(rolloutOf(answer), taskOf({ expected }), graderContext());
  return grade.status === 'scored' ? `${grade.score} ${grade.reason}` : `${grade.status} ${grade.reason}`;
}

describe('json', () => {
  it('says what is wrong', async () => {
    expect(await gradeOf('{"total": 1.5}', { schema })).toBe('0 does not satisfy the schema: /total must be integer');
    expect(await gradeOf('The total is {"total": 1}', { schema })).toMatch(/^0 not JSON/);
    expect(await gradeOf('{"__proto__": {}}', { schema })).toMatch(/^0 not JSON: forbidden key/);
    expect(await gradeOf('[]', {}, 'not json')).toMatch(/^unscored the expected answer is not JSON/);
  });

  it('can want both, schema and equality', async () => {
    expect(await gradeOf('{"total": 1}', { schema, equals: true }, '{"total": 1}')).toMatch(/^1/);
    expect(await gradeOf('{"total": 2}', { schema, equals: true }, '{"total": 1}')).toMatch(/^0 differs/);
  });

  it('reads the drafts that people use', async () => {
    const tuple = { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'number' }] };
    expect(await gradeOf('["x"]', { schema: tuple })).toMatch(/^0/);
    const prefix = { $schema: 'https://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'number' }] };
    expect(await gradeOf('["x"]', { schema: prefix })).toMatch(/^0/);
    expect(await gradeOf('[1]', { schema: { type: 'array', items: { format: 'unheard-of' } } })).toMatch(/^1/);
  });

  it('is not hung by a pattern in the schema', async () => {
    const answer = JSON.stringify({ total: 1, code: `${'a'.repeat(40)}!` });
    expect(await gradeOf(answer, { schema })).toBe('unscored the schema took longer than 1000 ms');
  });

  it.each([{ type: 'nonsense' }, { $ref: 'https://example.com/x.json' }])('refuses the schema %j', async (bad) => {
    await expect(createJsonGrader(options.parse({ schema: bad }))).rejects.toMatchObject({ code: 'plugin-invalid' });
  });
});
