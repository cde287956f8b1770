// Optimizers that must rank as expected in every world, or the benchmark measures nothing: the start stays what it is,
// the oracle is the ceiling, random edits and everything at once win nothing, and the best of many reflections on the
// same few tasks promises more than it holds.
import { createPrompt } from '../../dist/core/prompt.js';
import { createRandom } from '../../dist/core/random.js';
import { reflectionRequest } from '../../dist/optimizers/shared/reflect.js';
import { promptFromReply } from '../../dist/optimizers/shared/reply.js';
import { bounds } from '../worlds/referee.js';
import { allStatements, randomStatements } from '../worlds/statements.js';

const BEST_OF = 12;
const BEST_OF_TASKS = 16;

/** Name -> function of the world that gives an optimizer. */
export const CANARIES = {
  'canary: return the start': () => fixed((context) => context.start),
  'canary: random edits': (world) =>
    fixed((context) => {
      const random = createRandom('canary', world.family, world.seed);
      return createPrompt(`${context.start.components.system}\n${randomStatements(random, 10).join('\n')}`);
    }),
  'canary: stuff everything': () =>
    fixed((context) => createPrompt(`${context.start.components.system}\n${allStatements().join('\n')}`)),
  'canary: oracle': (world) => fixed(() => createPrompt(bounds(world).prompt)),
  'canary: best of 12': () => bestOf(),
};

function fixed(choose) {
  return {
    ...shape,
    async run(context) {
      const best = choose(context);
      const baseline = await onVal(context, context.start);
      return { best, baseline, final: await onVal(context, best), reason: 'iterations' };
    },
  };
}

const shape = {
  name: 'canary',
  defaultIterations: 1,
  forecast: ({ maxRollouts }) => ({ rollouts: maxRollouts, critiques: 0, edits: 0 }),
};

function onVal(context, prompt) {
  const trials = context.val.map((task) => ({ task, sample: 0 }));
  return context.evaluate(prompt, trials, { iteration: 0, split: 'val', label: 'canary' });
}

/** One reflection each on four tasks, all children on the same 16, the best of them as measured there. */
function bestOf() {
  return {
    ...shape,
    async run(context) {
      const text = context.start.components.system;
      const trialsOf = (tasks) => tasks.map((task) => ({ task, sample: 0 }));
      const purpose = { iteration: 1, split: 'train', label: 'canary' };
      const scored = [];
      for (let index = 0; index < BEST_OF; index++) {
        const shown = context.train.slice(16 + 4 * index, 20 + 4 * index);
        const rollouts = await context.evaluate(context.start, trialsOf(shown), purpose);
        const evidence = shown.map((task, place) => ({ task, scored: rollouts[place] }));
        const reply = await context.ask('editor', reflectionRequest(text, evidence, 1), index);
        const prompt = createPrompt(promptFromReply(reply ?? '') || text);
        const final = await context.evaluate(prompt, trialsOf(context.train.slice(0, BEST_OF_TASKS)), purpose);
        scored.push({ prompt, final, sum: final.reduce((sum, { grade }) => sum + (grade.score ?? 0), 0) });
      }
      const best = scored.reduce((a, b) => (b.sum > a.sum ? b : a));
      return { best: best.prompt, baseline: best.final, final: best.final, reason: 'iterations' };
    },
  };
}
