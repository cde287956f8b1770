// Optimizers on the examiner's worlds, with exact scores of the returned prompts.
// npm run build && node bench/examiner/run.js [--worlds first|second|third|fourth] [--algorithms apo,gepa] [--families a,b] [--budgets 300]
//   [--first 11] [--seeds 7]
import { parseArgs } from 'node:util';
import { createRandom } from '../../dist/core/random.js';
import { deviation, mean } from '../../dist/core/statistics.js';
import { runOnTasks } from '../harness.js';

const { values } = parseArgs({
  options: {
    worlds: { type: 'string', default: 'first' },
    algorithms: { type: 'string', default: 'apo,gepa' },
    families: { type: 'string' },
    budgets: { type: 'string', default: '300' },
    first: { type: 'string', default: '11' },
    seeds: { type: 'string', default: '7' },
  },
});
const EMPTY = { context: [], observed: null, category: null, difficulty: null, metadata: {} };
const worlds = await import(`./${values.worlds}.js`);
const families = values.families?.split(',') ?? worlds.families;
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.first) + index);

console.log('| rollouts | algorithm | exact score | optimism | tokens (k) |', families.join(' | '), '|');
console.log(`|${' --- |'.repeat(5 + families.length)}`);
for (const budget of values.budgets.split(',').map(Number)) {
  for (const algorithm of values.algorithms.split(',')) {
    const rows = [];
    for (const family of families) {
      const runs = [];
      for (const seed of seeds) runs.push(await runOne(algorithm, family, seed, budget));
      rows.push(runs);
    }
    // The standard error is over seeds: each seed's mean over families is one observation.
    const bySeed = seeds.map((_, index) => mean(rows.map((runs) => runs[index].exact)));
    const all = rows.flat();
    const cells = [
      budget,
      algorithm,
      `${mean(bySeed).toFixed(3)} ± ${(deviation(bySeed) / Math.sqrt(seeds.length)).toFixed(3)}`,
      mean(all.map(({ exact, reported }) => (reported ?? 0) - exact)).toFixed(3),
      (mean(all.map(({ tokens }) => tokens)) / 1000).toFixed(0),
      ...rows.map((runs) => mean(runs.map(({ exact }) => exact)).toFixed(2)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function runOne(algorithm, family, seed, maxRollouts) {
  const { default: create, options } = await import(`../../dist/optimizers/${algorithm}.js`);
  const world = worlds.createWorld(family, seed);
  const ended = await runOnTasks({
    world,
    model: modelOf(world),
    tasks: createRandom('split', seed)
      .shuffle(world.tasks)
      .map((task) => ({ ...EMPTY, ...task })),
    optimizer: create(options.parse({})),
    maxRollouts,
    seed,
  });
  if (ended.error !== undefined) throw new Error(ended.error);
  return { ...ended, exact: world.exact(ended.text) };
}

function modelOf(world) {
  return {
    provider: 'examiner',
    simulated: true,
    async chat({ model, messages, responseSchema, seed, temperature }) {
      const asked = { response_format: responseSchema, seed, temperature };
      const content = world.reply({ role: model.replace('sim-', ''), messages, asked });
      // Four characters a token, as most tokenizers have it for English.
      const tokensOf = (text) => Math.ceil(text.length / 4);
      const input = tokensOf(messages.map((message) => message.content).join('\n'));
      const usage = { input, output: tokensOf(content), cached: 0, reasoning: 0, estimated: true };
      return { content, thinking: '', toolCalls: [], finishReason: 'stop', usage, model, responseId: '' };
    },
  };
}
