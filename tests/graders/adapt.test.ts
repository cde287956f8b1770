import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import type { Grade } from '../../src/core/rollout.ts';
import type { Grader } from '../../src/graders/grader.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, replyOf, rolloutOf, taskOf } from '../helpers/contexts.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const folder = temporaryFolder();
let files = 0;

function load(source: string, given: { readonly [name: string]: unknown } = {}): Promise<Grader> {
  const use = `./grader-${files++}.mjs`;
  writeFileSync(join(folder, use), source);
  return loadPlugin('grader', { use, ...given }, { folder, environment: createEnvironment({}) });
}

async function gradeBy(source: string, answer = '42'): Promise<Grade> {
  return (await load(source)).grade(rolloutOf(answer), taskOf({ expected: '42' }), graderContext());
}

writeFileSync(
  join(folder, 'contract.mjs'),
  'export default ({ answer }) => ({ score: answer === "42" ? 1 : 0, reason: "checked" });',
);
testGrader('a module of the user', {
  create: () =>
    loadPlugin('grader', { use: './contract.mjs' }, { folder, environment: createEnvironment({}) }).then((grader) => ({
      ...grader,
      // A user's function is called in any case; the contract is about rollouts that have something to grade.
      grade: (rollout, task, context) =>
        rollout.status === 'failed' || (rollout.status !== 'ok' && rollout.answer.trim() === '')
          ? Promise.resolve({ status: 'unscored', reason: 'nothing to grade' })
          : grader.grade(rollout, task, context),
    })),
  good: '42',
  bad: '41',
});

describe('a module of the user may export', () => {
  it.each([
    ['a function of the rollout', 'export default ({ answer }) => (answer.trim() === "42" ? 1 : 0);'],
    ['one of rollout and task', 'export default (rollout, task) => Number(rollout.answer === task.expected);'],
    ['one that destructures the task', 'export default async ({ answer, task }) => answer === task.expected;'],
    [
      'one that takes the expected answer',
      'export default ({ answer, expected }) => ({ score: answer === expected ? 1 : 0, reason: "r" });',
    ],
    ['one that gives nonsense as a factory', 'export default ({ answer }) => (answer ?? "").length / 2;'],
    ['a grade', 'export default ({ answer }) => ({ status: "scored", score: answer.length / 2, reason: "r" });'],
    ['a named function', 'export function grade({ answer }) { return answer.length / 2; }'],
    ['a factory of a function', 'export default (options, context) => ({ answer }) => answer.length / 2;'],
    [
      'a factory of a grader',
      'export default () => ({ name: "mine", identity: {}, needsExpected: false, usesModel: false, grade: async () => ({ status: "scored", score: 1, reason: "r" }) });',
    ],
    ['an asynchronous factory of half a grader', 'export default async () => ({ grade: () => 1 });'],
  ])('%s', async (_name, source) => {
    expect(await gradeBy(source)).toMatchObject({ status: 'scored', score: 1 });
  });

  it('a function that asks the model', async () => {
    const grader = await load(
      'export default async ({ answer }, task, { chat }) => { const reply = await chat([{ role: "user", content: answer }]); return Number(reply.content); };',
    );
    const grade = await grader.grade(rolloutOf('42'), taskOf(), graderContext([replyOf('0.25')]));
    expect(grade).toMatchObject({ status: 'scored', score: 0.25 });
  });

  it('options of its own, checked by its schema', async () => {
    const source = 'export default ({ word }) => ({ answer }) => answer.includes(word);';
    const grader = await load(source, { word: '4' });
    expect(await grader.grade(rolloutOf('42'), taskOf(), graderContext())).toMatchObject({ score: 1 });
    expect(grader.identity).toMatchObject({ options: { word: '4' } });
  });
});

describe('a module of the user', () => {
  it.each([
    ['({ answer }) => answer.length', 'the grader returned 2 instead of a score in 0..1'],
    [
      '({ answer }) => ({ score: answer.length === 1 ? 1 : "1" })',
      'the grader returned an object with score 1 instead of a score in 0..1',
    ],
    ['({ answer }) => answer.length === 1 ? 1 : null', 'the grader returned null instead of a score in 0..1'],
    ['({ answer }) => { if (answer.length > 1) throw new Error("boom"); return 1; }', 'the grader threw: boom'],
    ['({ answer }) => (answer.length > 1 ? { status: "unscored", reason: "no idea" } : 1)', 'no idea'],
  ])('leaves unscored what it cannot grade: %s', async (source, reason) => {
    expect(await gradeBy(`export default ${source};`)).toEqual({ status: 'unscored', reason });
  });

  it('passes on what the context threw', async () => {
    const grader = await load('export default async ({ answer }, task, { chat }) => { await chat([]); return 1; };');
    const failure = new Error('budget');
    const context = { signal: new AbortController().signal, chat: () => Promise.reject(failure) };
    await expect(grader.grade(rolloutOf('42'), taskOf(), context)).rejects.toBe(failure);
  });

  it.each([
    ['loops for ever', 'export const grade = () => { for (;;); };'],
    ['loops for ever in an asynchronous function', 'export const grade = async () => { while (true); };'],
    ['backtracks for ever', 'export const grade = () => /^(a+)+$/.test("a".repeat(40) + "!");'],
  ])('that %s is stopped, and the next one works (R18)', async (_name, source) => {
    const grader = await load(source);
    expect(await grader.grade(rolloutOf('42'), taskOf(), graderContext())).toEqual({
      status: 'unscored',
      reason: expect.stringContaining('timed out after 1000ms'),
    });
    expect(await gradeBy('export const grade = ({ answer }) => answer === "42";')).toMatchObject({ score: 1 });
  });

  it('that never ends is left at the deadline', async () => {
    const grader = await load('export const grade = () => new Promise(() => {});');
    const controller = new AbortController();
    const reason = new Error('deadline');
    setImmediate(() => controller.abort(reason));
    const context = { ...graderContext(), signal: controller.signal };
    await expect(grader.grade(rolloutOf('42'), taskOf(), context)).rejects.toBe(reason);
  });

  it('has another identity when its text changes', async () => {
    const [one, two] = await Promise.all([
      load('export const grade = () => 1;'),
      load('export const grade = () => 0.5;'),
    ]);
    expect(one.identity.source).not.toBe(two.identity.source);
  });

  it.each([
    ['export const x = 1;', /no default-exported function/],
    ['export default () => undefined;', /neither a grader nor a grade/],
    ['export default () => { throw new Error("no licence"); };', /no licence/],
    ['not JavaScript', /cannot load grader/],
  ])('is refused as %s', async (source, message) => {
    await expect(load(source)).rejects.toMatchObject({
      code: 'plugin-invalid',
      message: expect.stringMatching(message),
    });
  });
});
