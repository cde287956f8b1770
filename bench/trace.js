import { createPrompt } from '../dist/core/prompt.js';
import { createRandom } from '../dist/core/random.js';
import { train } from '../dist/engine/train.js';
import { datasetOf } from '../dist/models/simulated/dataset.js';
import { createEvaluateParts } from './parts.js';
import { bounds, createWorld, exactScore } from './worlds/referee.js';
import { DEVELOPMENT_SEEDS } from './worlds/seeds.js';

const [family = 'plain', index = '0', budget = '300', style = 'json', json = '{}'] = process.argv.slice(2);
const { default: create, options } = await import(`../dist/optimizers/apo.js`);
const world = createWorld(family, DEVELOPMENT_SEEDS[Number(index)]);
console.log(bounds(world));
const tasks = createRandom('bench-split', Number(index)).shuffle(datasetOf(world, 160));
const parts = await createEvaluateParts({
  world,
  maxRollouts: Number(budget),
  seed: Number(index),
  criticStyle: style,
});
const origAsk = parts.caller.chat;
let shown = 0;
parts.caller = {
  ...parts.caller,
  chat: async (role, req, o) => {
    const r = await origAsk(role, req, o);
    if ((role === 'critic' || role === 'editor') && shown++ < 4) {
      console.log(
        '=====',
        role,
        '\n',
        req.messages
          .map((m) => m.content)
          .join('\n---\n')
          .slice(0, 3500),
        '\n>>>>',
        r.content,
      );
    }
    return r;
  },
};
const { result } = await train({
  ...parts,
  start: createPrompt(world.startPrompt),
  split: { train: tasks.slice(0, 128), val: tasks.slice(128), test: [] },
  optimizer: create(options.parse(JSON.parse(json))),
  iterations: 10,
  observer: {
    onIteration: (r) =>
      console.log(
        'iteration',
        r.iteration,
        'score',
        r.score.toFixed(3),
        'exact',
        exactScore(world, Object.values(r.best.components)[0]).toFixed(3),
        'lines',
        Object.values(r.best.components)[0].split('\n').length,
      ),
  },
});
console.log(result.baseline, result.best.score, result.verdict, exactScore(world, result.best.text));
for (const s of result.explanation.statements) console.log(s.effect.toFixed(3), s.text);
