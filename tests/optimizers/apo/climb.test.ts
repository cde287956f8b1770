import { describe, expect, it } from 'vitest';
import { createPrompt, type Prompt, promptText } from '../../../src/core/prompt.ts';
import { createRandom } from '../../../src/core/random.ts';
import { rewardOf, type ScoredRollout } from '../../../src/core/rollout.ts';
import { createClimb } from '../../../src/optimizers/apo/climb.ts';
import createApo, { options } from '../../../src/optimizers/apo.ts';
import type { Candidate, OptimizerContext, Outcome, Trial } from '../../../src/optimizers/optimizer.ts';
import { createFreshTrials } from '../../../src/optimizers/shared/trials.ts';
import { makeTask } from '../../helpers/task.ts';

/** Rules that share no word with the tasks, whose answers are single words: nothing but whole prompts shows what they do. */
const RULES = ['Mind the violet gate.', 'Carry a lantern.', 'Whistle twice.'];
const HARM = 'Sing before lunch.';
const TITLE = 'Standing orders:\n';
const START = createPrompt('You are a clerk.');
const tasks = Array.from({ length: 60 }, (_, index) => makeTask(`${index}?`, { expected: `w${index}` }));

/** An agent that needs every rule and fails with the harmful advice; a critic that names one of the four after the other. */
function scripted(rollouts = 300, start = START, honour: (text: string) => number = () => 1) {
  const candidates: Candidate[] = [];
  let left = rollouts;
  const evaluate = async (prompt: Prompt, trials: readonly Trial[]): Promise<readonly ScoredRollout[]> => {
    left -= trials.length;
    return trials.map(({ task, sample }, index) => {
      const text = promptText(prompt);
      const known = RULES.filter((rule) => text.includes(rule)).length;
      const chance = ([0.05, 0.3, 0.6, 0.95][known] ?? 0) * (text.includes(HARM) ? 0.2 : 1) * honour(text);
      const score = createRandom(prompt.id, task.id, sample).next() < chance ? 1 : 0;
      const id = `ro-${left}-${index}`;
      return {
        rollout: {
          id,
          taskId: task.id,
          promptId: prompt.id,
          sample,
          answer: score === 1 ? task.expected : 'no',
          events: [],
          failure: null,
        },
        grade: { status: 'scored', score, reason: '' },
      } as unknown as ScoredRollout;
    });
  };
  const context: OptimizerContext = {
    start,
    train: tasks.slice(0, 45),
    val: tasks.slice(45),
    iterations: 10,
    random: (...purpose) => createRandom('climb', ...purpose),
    remainingRollouts: () => left,
    evaluate,
    async ask(role, request, sample) {
      if (role === 'editor') return edited(request.messages.at(-1)?.content ?? '');
      const statement = [...RULES, HARM][sample % 4];
      const isRemoval = statement === HARM && promptText(start).includes(HARM);
      const finding = isRemoval
        ? { operation: 'remove', statement: '', target: HARM }
        : { operation: 'add', statement, target: '' };
      return JSON.stringify({ findings: [{ ...finding, evidence: [], cause: 'it fails' }] });
    },
    reject: () => undefined,
    async addCandidate(candidate) {
      candidates.push(candidate);
    },
    report: () => undefined,
    keep: () => undefined,
  };
  return { context, candidates, spent: () => rollouts - left };
}

/** An editor that leaves the prompt as it is, with the advice of the critique under a title of its own. */
function edited(request: string): string {
  const [prompt, critique] = [...request.matchAll(/<data-[0-9a-f]{32}>\n?([\s\S]*?)\n?<\/data-/g)].map(
    ([, text]) => text,
  );
  const advice = [...RULES, HARM].filter((text) => critique?.includes(text) && !critique.includes(`out: ${text}`));
  return `<prompt>${TITLE}${(prompt ?? '').replace(TITLE, '')}\n${advice.join(' ')}</prompt>`;
}

function climbOf(context: OptimizerContext) {
  return createClimb(
    context,
    4,
    createFreshTrials(),
    (a, b) => a === b,
    (_task, scored) => rewardOf(scored),
  );
}

describe('whole prompts', () => {
  it('the best of them is found, whatever was lucky on its way', async () => {
    const { context, candidates } = scripted();
    const climb = climbOf(context);
    for (let step = 0; step < 60; step++) await climb.step(step, 1);
    const [best, ...others] = climb.ranking();
    expect(RULES.every((rule) => promptText(best?.prompt as Prompt).includes(rule))).toBe(true);
    expect(promptText(best?.prompt as Prompt)).not.toContain(HARM);
    expect(others.some(({ prompt }) => promptText(prompt).includes(HARM))).toBe(true);
    const steps = climb.lineage(best?.prompt as Prompt);
    expect(steps[0]?.parent.id).toBe(START.id);
    expect(steps.at(-1)?.prompt.id).toBe(best?.prompt.id);
    for (const [index, { parent }] of steps.slice(1).entries()) expect(parent.id).toBe(steps[index]?.prompt.id);
    expect(new Set(candidates.map(({ operator }) => operator))).toEqual(new Set(['climb', 'rewrite']));
  });

  it('are written by the critic where it cannot say what is wrong', async () => {
    const { context, candidates } = scripted();
    const asked: string[] = [];
    const climb = climbOf({
      ...context,
      async ask(role, { messages }) {
        const request = messages.at(-1)?.content ?? '';
        if (!request.includes('## Examples with feedback')) return 'The answers are not what was wanted.';
        asked.push(role);
        return `<prompt>You are a clerk. ${RULES.join(' ')}</prompt>`;
      },
    });
    for (let step = 0; step < 30; step++) await climb.step(step, 1);
    expect(promptText(climb.ranking()[0]?.prompt as Prompt)).toBe(`You are a clerk. ${RULES.join(' ')}`);
    expect(candidates.map(({ operator }) => operator)).toContain('reflect');
    expect(new Set(asked)).toEqual(new Set(['critic']));
  });

  it('one that promised too much is left as soon as it has run, and is not forgotten', async () => {
    const { context, candidates } = scripted();
    const climb = climbOf(context);
    const offered = createPrompt(`You are a clerk. ${HARM}`);
    await climb.offer(offered, 0.9, 1);
    expect(climb.ranking()[0]).toMatchObject({ prompt: { id: offered.id }, proven: 0 });
    expect(climb.ranking()[0]?.value).toBeCloseTo(0.9);
    const { parent } = await climb.step(0, 1);
    expect(parent.id).toBe(offered.id);
    for (let step = 1; step < 40; step++) await climb.step(step, 1);
    const whole = climb.ranking().find(({ prompt }) => prompt.id === offered.id);
    expect(whole?.proven).toBeGreaterThan(0);
    expect(whole?.value).toBeLessThan(0.6);
    expect(climb.ranking()[0]?.prompt.id).not.toBe(offered.id);
    expect(candidates.filter(({ operator }) => operator === 'statements')).toHaveLength(1);
  });

  it('are written anew by the editor where only that helps', async () => {
    const { context } = scripted(300, START, (text) => (text.startsWith(TITLE) ? 1 : 0.4));
    const outcome: Outcome = await createApo(options.parse({})).run(context);
    expect(promptText(outcome.best)).toMatch(new RegExp(`^${TITLE}`));
  });

  it('keep what a rewrite asked for when the editor lost a placeholder', async () => {
    const { context, candidates } = scripted();
    const strict: OptimizerContext = {
      ...context,
      reject: (prompt) => (promptText(prompt).startsWith(TITLE) ? 'loses the placeholder {{style}}' : undefined),
    };
    const climb = climbOf(strict);
    for (let step = 0; step < 40; step++) await climb.step(step, 1);
    expect(candidates.some(({ operator, rejected }) => operator === 'rewrite' && rejected !== null)).toBe(true);
    expect(RULES.every((rule) => promptText(climb.ranking()[0]?.prompt as Prompt).includes(rule))).toBe(true);
  });

  it('lead a run to a better prompt where no statement can be told apart, within the budget, and are explained', async () => {
    const { context, spent } = scripted(300);
    const outcome: Outcome = await createApo(options.parse({})).run(context);
    expect(spent()).toBeLessThanOrEqual(300);
    expect(RULES.filter((rule) => promptText(outcome.best).includes(rule))).toHaveLength(3);
    expect(promptText(outcome.best)).not.toContain(HARM);
    const { statements } = outcome.explanation as { statements: { text: string; origin: { operator: string } }[] };
    expect(statements.map(({ text }) => text)).toEqual(expect.arrayContaining(RULES));
    expect(statements.find(({ text }) => text === 'You are a clerk.')?.origin.operator).toBe('start');
  });

  it('lose a sentence of the user that does harm, and it does not come back in the end', async () => {
    const { context } = scripted(400, createPrompt(`You are a clerk. ${HARM}`));
    const outcome: Outcome = await createApo(options.parse({})).run(context);
    expect(promptText(outcome.best)).not.toContain(HARM);
  });
});
