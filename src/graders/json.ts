import { z } from 'zod';
import { ApoError } from '../core/errors.ts';
import { canonicalJson, type JsonObject, parseJson } from '../core/json.ts';
import { expectedTexts } from '../core/task.ts';
import type { Grader } from './grader.ts';
import { bestOf, problemOfAll } from './shared/best.ts';
import { gradeOfMissing, scored, unscored } from './shared/grade.ts';
import { runCheck } from './shared/worker.ts';

/** For schema patterns that backtrack; a schema check itself takes microseconds. */
const TIMEOUT_MS = 1000;

export const options = z.strictObject({
  /** JSON schema (2020-12, or as its `$schema` says) that the answer must satisfy. */
  schema: z.record(z.string(), z.unknown()).optional(),
  /**
   * Whether the answer must equal the expected answer as JSON: key order and number notation do not matter. Default:
   * only where there is no schema.
   */
  equals: z.boolean().optional(),
});

/** 1 when the whole answer is JSON (a code fence around it is allowed) and passes schema and comparison, else 0. */
export default async function createJsonGrader(given: z.infer<typeof options>): Promise<Grader> {
  const schema = given.schema as JsonObject | undefined;
  const equals = given.equals ?? schema === undefined;
  if (schema !== undefined) await checkSchema(schema);
  return {
    name: 'json',
    identity: { grader: 'json', schema: schema ?? null, equals },
    needsExpected: equals,
    usesModel: false,
    problemOf(task) {
      if (!equals) return undefined;
      return problemOfAll(task, expectedTexts, (expected) => {
        const parsed = parseJson(expected);
        return parsed.ok ? undefined : `the expected answer is not JSON: ${parsed.reason}`;
      });
    },
    grade: bestOf(async (rollout, task) => {
      const expected = equals && task.expected !== null ? parseJson(task.expected) : undefined;
      if (equals && expected === undefined) return unscored('the task has no expected answer');
      if (expected?.ok === false) return unscored(`the expected answer is not JSON: ${expected.reason}`);
      const missing = gradeOfMissing(rollout);
      if (missing !== undefined) return missing;

      const answer = parseJson(withoutFence(rollout.answer));
      if (!answer.ok) return scored(0, `not JSON: ${answer.reason}`);
      if (schema !== undefined) {
        const result = await runCheck({ kind: 'schema', schema, value: answer.value }, TIMEOUT_MS);
        if (result.status === 'timeout') return unscored(`the schema took longer than ${TIMEOUT_MS} ms`);
        if (result.status === 'invalid') return unscored(`the schema cannot be used: ${result.reason}`);
        if (!result.matches) return scored(0, `does not satisfy the schema: ${result.detail}`);
      }
      if (expected !== undefined && canonicalJson(answer.value) !== canonicalJson(expected.value)) {
        return scored(0, 'differs from the expected JSON');
      }
      return scored(1, equals ? 'equals the expected JSON' : 'satisfies the schema');
    }, expectedTexts),
  };
}

async function checkSchema(schema: JsonObject): Promise<void> {
  const result = await runCheck({ kind: 'schema', schema, value: null }, 10 * TIMEOUT_MS);
  if (result.status !== 'done') {
    const reason = result.status === 'invalid' ? result.reason : 'it takes too long';
    throw new ApoError('plugin-invalid', `schema of grader "json" cannot be used: ${reason}`, {
      hint: 'correct "schema"; references to other files are not loaded',
    });
  }
}

function withoutFence(text: string): string {
  const plain = text.replace(/^\ufeff/, '').trim();
  if (!plain.startsWith('```') || !plain.endsWith('```') || plain.length < 6) return plain;
  return plain.slice(3, -3).replace(/^(json|json5|jsonc)\b/i, '');
}
