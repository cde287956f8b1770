// What a run of `apo` did in worlds whose rules are known: one line per world, and with `verbose` the prompt.
//   npm run build && node bench/trace.js [family] [worlds] [rollouts] [json|text] [verbose]
import { createPrompt } from '../dist/core/prompt.js';
import { createRandom } from '../dist/core/random.js';
import { train } from '../dist/engine/train.js';
import { datasetOf } from '../dist/models/simulated/dataset.js';
import { readMeaning } from '../dist/models/simulated/outcome.js';
import { readClauses, statementKey } from '../dist/models/simulated/statements.js';
import create, { options } from '../dist/optimizers/apo.js';
import { createEvaluateParts } from './parts.js';
import { bounds, createWorld, exactScore } from './worlds/referee.js';
import { DEVELOPMENT_SEEDS } from './worlds/seeds.js';

const [family = 'plain', count = '3', budget = '300', style = 'json', verbose] = process.argv.slice(2);
for (let index = 0; index < Number(count); index++) await trace(createWorld(family, DEVELOPMENT_SEEDS[index]), index);

async function trace(world, seed) {
  const tasks = createRandom('bench-split', seed).shuffle(datasetOf(world, 160));
  const parts = await createEvaluateParts({ world, maxRollouts: Number(budget), seed, criticStyle: style });
  const { chat } = parts.caller;
  const said = [];
  const calls = {};
  const recorded = async (role, ...rest) => {
    const reply = await chat(role, ...rest);
    calls[role] = (calls[role] ?? 0) + 1;
    if (role === 'critic' || role === 'editor') said.push(reply.content.replaceAll('"', '\n'));
    return reply;
  };
  const course = [];
  const { result } = await train({
    ...parts,
    caller: { ...parts.caller, chat: recorded },
    start: createPrompt(world.startPrompt),
    split: { train: tasks.slice(0, 128), val: tasks.slice(128), test: [] },
    optimizer: create(options.parse({})),
    iterations: 10,
    observer: {
      onIteration: ({ best }) => course.push(exactScore(world, Object.values(best.components)[0]).toFixed(2)),
    },
  });
  await parts.store.close();
  const { text, score } = result.best;
  const keysOf = (words) => new Set(readClauses(words).flatMap(({ statements }) => statements.map(statementKey)));
  const [inBest, proposed] = [keysOf(text), keysOf(said.join('\n'))];
  const meaning = readMeaning(world, text);
  const fates = { works: 0, spoiled: 0, dropped: 0, 'never proposed': 0 };
  for (const [index, rule] of world.rules.entries()) {
    const key = `${rule.scope}/${rule.behaviour}/${rule.argument}`;
    if (inBest.has(key)) fates[(meaning.lift[index] ?? 0) > 0.9 ? 'works' : 'spoiled']++;
    else fates[proposed.has(key) ? 'dropped' : 'never proposed']++;
  }
  const { start, ceiling } = bounds(world);
  const figures = { start, ceiling, exact: exactScore(world, text), reported: score ?? 0 };
  console.log(
    family,
    seed,
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value.toFixed(3)}`)
      .join(' '),
    result.verdict,
    `${result.reason} rules ${world.rules.length}`,
    Object.entries(fates)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    `decoys ${meaning.decoys.length} general ${meaning.general.length} excess ${meaning.excess.toFixed(1)}`,
    JSON.stringify(calls),
    course.join(' '),
  );
  if (verbose === undefined) return;
  console.log(text);
  for (const { text: statement, effect } of result.explanation.statements) console.log(effect.toFixed(3), statement);
}
