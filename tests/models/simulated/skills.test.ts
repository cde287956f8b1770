import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/core/json.ts';
import { criticise } from '../../../src/models/simulated/critic.ts';
import { editPrompt } from '../../../src/models/simulated/editor.ts';
import { readClauses, statementKey } from '../../../src/models/simulated/statements.ts';
import { createWorld, type World } from '../../../src/models/simulated/world.ts';
import { answer, ask, examplesOf, stateRule } from './helpers.ts';

const world = createWorld('plain', 'skills');
const samples = Array.from({ length: 200 }, (_, sample) => sample);

function keysIn(text: string): string[] {
  return readClauses(text).flatMap(({ statements }) => statements.map(statementKey));
}

function rulesIn(text: string, of: World = world): number {
  const keys = new Set(keysIn(text));
  return of.rules.filter((rule) => keys.has(`${rule.scope}/${rule.behaviour}/${rule.argument}`)).length;
}

describe('the critic', () => {
  const examples = examplesOf(world, world.startPrompt, 3);

  it('names rules only where their symptoms stand in the request', () => {
    const named = samples
      .flatMap((sample) => criticise(world, examples, '', sample))
      .filter(({ text }) => rulesIn(text) > 0);
    expect(named.length).toBeGreaterThan(100);
    const labels = named.map(({ cause }) => cause.slice(0, cause.indexOf(':') + 1));
    expect(labels.every((label) => examples.includes(`${label} `))).toBe(true);
    const blind = samples.flatMap((sample) => criticise(world, 'All went well. Score: 1', '', sample));
    expect(blind.every(({ text }) => keysIn(text).length === 0)).toBe(true);
    const passing = world.pool
      .slice(0, 4)
      .map(({ input, expected }) => `Task: ${input}\nAnswer: ${expected}\nExpected: ${expected}`);
    const contrast = samples.flatMap((sample) => criticise(world, passing.join('\n'), '', sample));
    expect(contrast.every(({ text }) => keysIn(text).length === 0)).toBe(true);
  });

  it('is sure of the argument only when a correct answer is shown', () => {
    const hidden = examples.replace(/Expected: .*\n/g, '');
    const found = (text: string): number =>
      samples.reduce(
        (sum, sample) =>
          sum +
          rulesIn(
            criticise(world, text, '', sample)
              .map((one) => one.text)
              .join('\n'),
          ),
        0,
      );
    expect(found(hidden)).toBeLessThan(found(examples) * 0.75);
    expect(found(hidden)).toBeGreaterThan(0);
  });

  it('gets worse with load and cites the rollouts that it read, mostly', () => {
    const many = examplesOf(world, world.startPrompt, 60);
    const precision = (text: string): number => {
      const all = samples.slice(0, 40).flatMap((sample) => criticise(world, text, '', sample));
      return all.filter((finding) => rulesIn(finding.text) > 0).length / all.length;
    };
    expect(precision(many)).toBeLessThan(precision(examples));
    const cited = criticise(world, examples, '', 1).flatMap(({ evidence }) => evidence);
    expect(cited.every((id) => /^ro-[123]$/.test(id))).toBe(true);
    expect(cited.length).toBeGreaterThan(0);
  });

  it('is sometimes confidently wrong, and vague or general at times', () => {
    const all = samples.flatMap((sample) => criticise(world, examples, '', sample));
    const wrong = all.filter(({ text }) => rulesIn(text) === 0).length / all.length;
    expect(wrong).toBeGreaterThan(0.1);
    expect(wrong).toBeLessThan(0.6);
  });

  it('words each finding anew in the family that says so, and alike elsewhere', () => {
    const wordings = (of: World): number => {
      const text = examplesOf(of, of.startPrompt, 1);
      const all = samples.flatMap((sample) => criticise(of, text, '', sample).map((finding) => finding.text));
      return new Set(all.filter((one) => rulesIn(one, of) > 0)).size;
    };
    expect(wordings(createWorld('words-anew', 'skills'))).toBeGreaterThan(4 * wordings(world));
  });

  it('fills a schema of edits with evidence, operation and cause', () => {
    const schema = {
      type: 'object',
      properties: {
        edits: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              operation: { type: 'string', enum: ['add', 'replace', 'remove'] },
              statement: { type: 'string' },
              evidence: { type: 'array', items: { type: 'string' } },
              cause: { type: 'string' },
            },
          },
        },
      },
    };
    const reply = parseJson(
      ask(world, `Critique this prompt: x\n${examples}`, { responseSchema: { name: 'edits', schema } }),
    );
    const { edits } = (reply.ok ? reply.value : {}) as {
      edits: { statement: string; cause: string; operation: string; evidence: string[] }[];
    };
    expect(edits.length).toBeGreaterThan(0);
    expect(edits.every(({ operation, evidence }) => operation === 'add' && /^ro-\d$/.test(evidence[0] ?? ''))).toBe(
      true,
    );
    expect(edits.every(({ statement, cause }) => statement.length > 10 && cause.length > 10)).toBe(true);
  });

  it('answers by an example of JSON in the text, and in sentences otherwise', () => {
    const json = ask(
      world,
      `Write a critique of the prompt. ${examples}\nReturn JSON: {"findings": [{"statement": "...", "evidence": ["rollout id"]}]}`,
    );
    expect(json).toMatch(/^\{"findings":\[\{"statement":"[^"]{10,}","evidence":\["ro-/);
    const sentences = ask(world, `Write a critique of the prompt, as bullets. ${examples}`);
    expect(sentences).toMatch(/^- [A-Z].*\./);
    const wrapped = ask(world, `Give reasons why the prompt fails, each in <START> and <END>. ${examples}`);
    expect(wrapped).toMatch(/^<START>[^<]+<END>/);
  });
});

describe('the editor', () => {
  const stated = world.rules.slice(0, 12).map((rule) => stateRule(rule, 7));
  const advice = stateRule(
    world.rules[14] ?? {
      scope: '',
      behaviour: '',
      argument: '',
      weight: 0,
      unstated: 0,
      stated: 0,
      needs: null,
      after: null,
    },
  );
  const prompt = [world.startPrompt, 'Use {{customer}} as the name.', ...stated].join('\n');
  const request = (how: string): string => `${how}\n\n# Current prompt\n\n${prompt}\n\n# Critique\n\n- ${advice}\n`;
  const results = (how: string): string[] => samples.map((sample) => editPrompt(world, request(how), sample));
  const lost = (texts: readonly string[]): number =>
    texts.reduce(
      (sum, text) =>
        sum +
        12 -
        world.rules
          .slice(0, 12)
          .filter((rule) => keysIn(text).includes(`${rule.scope}/${rule.behaviour}/${rule.argument}`)).length,
      0,
    ) /
    texts.length /
    12;

  it('loses about 6 % of the statements in a rewrite and about 1 % in a minimal edit', () => {
    const rewrite = lost(results('Write an improved prompt by the critique.'));
    const minimal = lost(results('Write an improved prompt, with minimal changes.'));
    expect(rewrite).toBeGreaterThan(0.04);
    expect(rewrite).toBeLessThan(0.09);
    expect(minimal).toBeLessThan(0.02);
  });

  it('applies about nine pieces of advice in ten and always keeps placeholders', () => {
    const texts = results('Write an improved prompt by the critique.');
    const rule = world.rules[14];
    const applied = texts.filter((text) =>
      keysIn(text).includes(`${rule?.scope}/${rule?.behaviour}/${rule?.argument}`),
    ).length;
    expect(applied / texts.length).toBeGreaterThan(0.8);
    expect(applied / texts.length).toBeLessThan(0.95);
    expect(texts.every((text) => text.includes('{{customer}}'))).toBe(true);
  });

  it('reads examples as a critic when no advice is given', () => {
    const start = world.startPrompt;
    const text = `Instructions:\n\`\`\`\n${start}\n\`\`\`\n${examplesOf(world, start, 3)}\nWrite a new instruction within \`\`\` blocks.`;
    const found = samples.reduce((sum, seed) => sum + rulesIn(ask(world, text, { seed })), 0);
    expect(found / samples.length).toBeGreaterThan(1);
    expect(ask(world, text)).toMatch(/^```\n[\s\S]+\n```$/);
  });

  it('does not take up what is listed as tried before', () => {
    const text = `Write an improved prompt.\n\n# Current prompt\n\n${world.startPrompt}\n\n# Critique\n\nBe helpful and precise.\n\nTried before and useless:\n- ${advice}\n`;
    for (const sample of samples.slice(0, 50)) expect(rulesIn(editPrompt(world, text, sample))).toBe(0);
  });

  it.each([
    ['in <prompt> tags', /^<prompt>[\s\S]+<\/prompt>$/],
    ['wrapped with <START> and <END>', /^<START>[\s\S]+<END>$/],
    ['within ``` blocks', /^```\n[\s\S]+\n```$/],
    ['and nothing else', /^You are/],
    ['in 2 different improved prompts, each wrapped with <START> and <END>', /^<START>[^<]+<END>\n<START>[^<]+<END>$/],
    [
      'as told: respond with the corresponding output fields, starting with the field `[[ ## new_prompt ## ]]`, and then ending with the marker for `[[ ## completed ## ]]`',
      /^\[\[ ## new_prompt ## \]\]\nYou are[^[]+\n\[\[ ## completed ## \]\]$/,
    ],
  ])('answers %s when asked so', (how, form) => {
    expect(ask(world, request(`Write an improved prompt ${how}.`))).toMatch(form);
  });

  it('answers by schema', () => {
    const schema = { type: 'object', properties: { prompt: { type: 'string' }, explanation: { type: 'string' } } };
    const reply = parseJson(ask(world, request('Improve the prompt.'), { responseSchema: { name: 'edit', schema } }));
    expect(reply).toMatchObject({ ok: true, value: { prompt: expect.stringContaining('{{customer}}') } });
  });
});

describe('the judge', () => {
  const schema = {
    type: 'object',
    properties: { score: { type: 'number', minimum: 0, maximum: 1 }, reason: { type: 'string' } },
  };
  const grade = (said: string, place: number): { score: number; reason: string } => {
    const task = world.pool[place];
    const text = `Grade the answer.\nTask: ${task?.input}\nExpected: ${task?.expected}\nAnswer: ${said}`;
    return JSON.parse(ask(world, text, { responseSchema: { name: 'grade', schema } }));
  };

  it('scores right answers high and wrong ones low, with few mistakes', () => {
    const tasks = world.pool.slice(0, 150);
    const grades = tasks.map((task, place) => {
      const said = answer(world, world.startPrompt, task);
      return grade(said, place).score >= 0.9 === (said === task.expected);
    });
    expect(grades.filter(Boolean).length / grades.length).toBeGreaterThan(0.9);
    expect(
      tasks.map((_task, place) => grade('I do not know.', place).score).filter((score) => score > 0.5).length,
    ).toBeLessThan(15);
  });

  it('says what is wrong and never how to repair it', () => {
    const reasons = world.pool
      .slice(0, 150)
      .map((task, place) => grade(answer(world, world.startPrompt, task), place).reason);
    expect(reasons.filter((reason) => /^[A-Z][\w ]+: /.test(reason)).length).toBeGreaterThan(50);
    expect(reasons.flatMap((reason) => keysIn(reason))).toEqual([]);
  });

  it('tells the answer from the reference by the labels, and does without a reference', () => {
    const task = world.pool[1];
    const score = (text: string): number =>
      JSON.parse(ask(world, `Grade it.\n${task?.input}\n${text}`, { responseSchema: { name: 'grade', schema } })).score;
    expect(score(`Expected answer:\n${task?.expected}\n\nAnswer of the agent:\nNo idea.`)).toBeLessThan(0.5);
    expect(score(`<expected>${task?.expected}</expected><answer>No idea.</answer>`)).toBeLessThan(0.5);
    expect(score(`<expected>${task?.expected}</expected><answer>${task?.expected}</answer>`)).toBe(1);
    expect(score(JSON.stringify({ answer: 'No idea.', expected_answer: task?.expected }))).toBeLessThan(0.5);
    expect(score(`Expected: none.\nAnswer of the agent:\n${task?.expected}`)).toBe(1);
    expect(score(`Response: ${task?.expected}`)).toBe(1);
  });

  it('uses the scale that the text names', () => {
    const task = world.pool[0];
    const text = `Rate the answer on a scale from 0 to 10, with a reason.\nExpected: ${task?.expected}\nTask: ${task?.input}\nAnswer: ${task?.expected}`;
    expect(ask(world, text)).toMatch(/^Score: 10\nReason: /);
  });
});
