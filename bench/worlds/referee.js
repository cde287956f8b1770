// The referee of the optimizer benchmark. It knows the rules of a world and integrates the same probabilities that the
// simulated agent draws from, so its scores have no sampling error. No optimizer may import it, or what it imports.
import { createRandom } from '../../dist/core/random.js';
import { FRAMES } from '../../dist/models/simulated/advice.js';
import { FAMILIES } from '../../dist/models/simulated/families.js';
import { chancesOf, readMeaning } from '../../dist/models/simulated/outcome.js';
import { readClause, wordStatement } from '../../dist/models/simulated/statements.js';
import { createWorld } from '../../dist/models/simulated/world.js';

export const FAMILY_NAMES = Object.keys(FAMILIES);

/** The families of the benchmark: all but the friendly one. */
export const BENCHMARK_FAMILIES = FAMILY_NAMES.filter((name) => name !== 'quickstart');

export { createWorld };

/** Expected accuracy of a prompt over the world's test tasks, exactly. */
export function exactScore(world, prompt) {
  return exactScoreOn(world, prompt, world.test);
}

/** The same over other tasks of the world, for example the validation tasks of a run. */
export function exactScoreOn(world, prompt, tasks) {
  const meaning = readMeaning(world, prompt);
  return tasks.reduce((sum, task) => sum + chancesOf(world, meaning, task).total, 0) / tasks.length;
}

/** What a statement of a rule looks like. */
export function ruleStatement(rule) {
  const { scope, behaviour, argument } = rule;
  return wordStatement({ scope, behaviour, argument, negated: false }, createRandom('referee'), false);
}

/** Start and best known score. `ceiling` is the best prefix of the rules by frequency, stated exactly on a clean start. */
export function bounds(world) {
  const start = exactScore(world, world.startPrompt);
  const { score, prompt } = oracle(world);
  return start >= score ? { start, ceiling: start, prompt: world.startPrompt } : { start, ceiling: score, prompt };
}

/** Share of the reachable gain: 0 at the start prompt, 1 at the ceiling; undefined where nothing can be reached. */
export function gainShare(world, prompt, { start, ceiling } = bounds(world)) {
  return ceiling - start < 0.02 ? undefined : (exactScore(world, prompt) - start) / (ceiling - start);
}

function oracle(world) {
  const opening = world.startPrompt
    .split('\n')
    .filter((line) => readClause(line).decoys.length === 0 && readClause(line).statements.length === 0)
    .filter((line) => !FRAMES.some(({ text }) => text === line));
  // A rule that only works after its partner is stated after it.
  const ordered = world.rules
    .map((rule, index) => ({ rule, index }))
    .sort((a, b) => rankOf(a) - rankOf(b))
    .map(({ rule }) => ruleStatement(rule));
  let best = { score: -1, prompt: world.startPrompt };
  for (let count = 0; count <= ordered.length; count++) {
    const prompt = [...opening, ...ordered.slice(0, count)].join('\n');
    const score = exactScore(world, prompt);
    if (score > best.score) best = { score, prompt };
  }
  return best;
}

function rankOf({ rule, index }) {
  return rule.after === null ? index : Math.max(index, rule.after) + 0.5;
}
