import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { DECOYS, FRAMES } from '../../../src/models/simulated/advice.ts';
import { BEHAVIOURS } from '../../../src/models/simulated/behaviours.ts';
import { chancesOf, readMeaning } from '../../../src/models/simulated/outcome.ts';
import type { Rule } from '../../../src/models/simulated/rules.ts';
import { SCOPES } from '../../../src/models/simulated/scopes.ts';
import { createWorld, type World } from '../../../src/models/simulated/world.ts';
import { answer, stateRule } from './helpers.ts';

const world = createWorld('plain', 'test');
const [first, second] = world.rules as [Rule, Rule];

function score(of: World, prompt: string): number {
  const meaning = readMeaning(of, prompt);
  return of.test.reduce((sum, task) => sum + chancesOf(of, meaning, task).total, 0) / of.test.length;
}

function withRules(of: World, rules: readonly Rule[], start = of.startPrompt): string {
  return [start, ...rules.map((rule) => stateRule(rule))].join('\n');
}

describe('outcomes', () => {
  it('are equal for prompts that say the same in other words, order and layout', () => {
    const plain = `${world.startPrompt}\n${stateRule(first, 1)}\n${stateRule(second, 2)}`;
    const other = `${world.startPrompt} 1) ${stateRule(second, 3).toUpperCase()} 2) ${stateRule(first, 4)}`;
    expect(readMeaning(world, other).key).toBe(readMeaning(world, plain).key);
    for (const task of world.pool.slice(0, 100)) expect(answer(world, other, task)).toBe(answer(world, plain, task));
  });

  it('come out as often as their exact probability says', () => {
    const prompt = withRules(world, world.rules.slice(0, 10));
    const tasks = world.test.slice(0, 200);
    const samples = Array.from({ length: 10 }, (_, sample) => sample);
    const correct = tasks.flatMap((task) =>
      samples.filter((sample) => answer(world, prompt, task, sample) === task.expected),
    ).length;
    const meaning = readMeaning(world, prompt);
    const exact = tasks.reduce((sum, task) => sum + chancesOf(world, meaning, task).total, 0) / tasks.length;
    expect(Math.abs(correct / 2000 - exact)).toBeLessThan(0.04);
  });

  it('get better with a right statement and worse with the wrong argument for the same point', () => {
    const stated = withRules(world, [first]);
    expect(score(world, stated)).toBeGreaterThan(score(world, world.startPrompt));
    expect(score(world, `${stated}\n${wrongly(first)}`)).toBeLessThan(score(world, stated));
    expect(score(world, `${world.startPrompt}\n${wrongly(first)}`)).toBeLessThan(score(world, world.startPrompt));
  });

  it('get worse with harmful decoys and with more statements than fit', () => {
    const best = withRules(world, world.rules.slice(0, 15));
    const decoy = DECOYS.find(({ id }) => world.harm.has(id));
    expect(score(world, `${best}\n${decoy?.wordings[0]}.`)).toBeLessThan(score(world, best) - 0.02);
    const crowd = Array.from({ length: 80 }, (_, index) => `Remember that item ${'x'.repeat(index)} exists.`);
    expect(score(world, `${best}\n${crowd.join('\n')}`)).toBeLessThan(score(world, best) - 0.1);
  });

  it('are not won by stating everything or anything: stuffing loses, guessing changes nothing', () => {
    const all = SCOPES.flatMap(({ id: scope }) =>
      BEHAVIOURS.flatMap(({ id: behaviour, forms }) =>
        Object.keys(forms).map((argument) => stateRule({ ...first, scope, behaviour, argument })),
      ),
    );
    expect(all.length).toBeGreaterThan(3000);
    const start = score(world, world.startPrompt);
    expect(score(world, `${world.startPrompt}\n${all.join('\n')}`)).toBeLessThan(start - 0.1);
    const guessed = createRandom('guess').shuffle(all).slice(0, 10);
    expect(Math.abs(score(world, `${world.startPrompt}\n${guessed.join('\n')}`) - start)).toBeLessThan(0.02);
  });

  it('of a worked example in the prompt are right for that task and help a little with its rules', () => {
    const task = world.pool.find(({ needs }) => needs.length === 2);
    if (task === undefined) throw new Error('no such task');
    const prompt = `${world.startPrompt}\nExample:\n${task.input}\n${task.expected}`;
    const meaning = readMeaning(world, prompt);
    expect(chancesOf(world, meaning, task).total).toBeGreaterThan(0.9);
    expect(meaning.lift[task.needs[0] ?? 0]).toBeCloseTo(0.4, 1);
    expect(score(world, prompt) - score(world, world.startPrompt)).toBeLessThan(0.1);
  });

  it('depend on the partner statement where rules interact, and on the order where it matters', () => {
    const interacting = createWorld('interacting', 'test');
    const needy = interacting.rules.find(({ needs }) => needs !== null);
    const partner = interacting.rules[needy?.needs ?? 0];
    if (needy === undefined || partner === undefined) throw new Error('no such rule');
    const place = interacting.rules.indexOf(needy);
    const lift = (rules: readonly Rule[]): number =>
      readMeaning(interacting, withRules(interacting, rules)).lift[place] ?? 0;
    expect(lift([needy])).toBeLessThan(0.2);
    expect(lift([needy, partner])).toBe(1);

    const ordered = createWorld('ordered', 'test');
    const later = ordered.rules.find(({ after }) => after !== null);
    const earlier = ordered.rules[later?.after ?? 0];
    if (later === undefined || earlier === undefined) throw new Error('no such rule');
    const at = ordered.rules.indexOf(later);
    const orderedLift = (rules: readonly Rule[]): number =>
      readMeaning(ordered, withRules(ordered, rules)).lift[at] ?? 0;
    expect(orderedLift([earlier, later])).toBe(1);
    expect(orderedLift([later, earlier])).toBeLessThan(0.2);
  });

  it('stay poor under a spoiling frame until all of it is gone', () => {
    const framed = createWorld('whole-rewrites', 'test');
    const all = withRules(framed, framed.rules.slice(0, 15));
    const without = (count: number): string =>
      FRAMES.slice(0, count).reduce((text, frame) => text.replace(`${frame.text}\n`, ''), all);
    expect(score(framed, without(FRAMES.length - 1))).toBeLessThan(score(framed, framed.startPrompt) + 0.15);
    expect(score(framed, without(FRAMES.length))).toBeGreaterThan(score(framed, framed.startPrompt) + 0.2);
  });

  it('cannot be improved in a hopeless world', () => {
    const hopeless = createWorld('hopeless', 'test');
    expect(score(hopeless, withRules(hopeless, hopeless.rules))).toBeLessThanOrEqual(
      score(hopeless, hopeless.startPrompt),
    );
  });
});

/** The same point with another argument. */
function wrongly(rule: Rule): string {
  const forms = BEHAVIOURS.find(({ id }) => id === rule.behaviour)?.forms ?? {};
  return stateRule({ ...rule, argument: Object.keys(forms).find((name) => name !== rule.argument) ?? '' });
}
