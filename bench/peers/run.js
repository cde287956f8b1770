// The real packages on the same worlds, over HTTP against what `apo simulate --fresh` serves; see README.md.
//   npm run build && node bench/peers/run.js --packages gepa,agentlightning,ax [--own apo,beam] [--python PYTHON]
//     [--families a,b] [--budgets 300,1200] [--seeds 20] [--spread N] [--tuned | --settings JSON] [--secret EVALUATION-SECRET]
//     [--parallel 1] [--runs FILE.jsonl]
// Runs are appended to --runs, and those that are there are not repeated.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../dist/core/random.js';
import createOpenAi, { options as openAiOptions } from '../../dist/models/openai.js';
import { datasetOf } from '../../dist/models/simulated/dataset.js';
import { runOnWorld } from '../harness.js';
import { createOptimizer } from '../optimizers/create.js';
import { appendRun, familiesOf, keyOf, readRuns } from '../optimizers/runs.js';
import { renderTable } from '../optimizers/table.js';
import { BENCHMARK_FAMILIES, bounds, createWorld, exactScore } from '../worlds/referee.js';
import { DEVELOPMENT_SEEDS, evaluationSeeds } from '../worlds/seeds.js';
import { startWorker } from './worker.js';
import { serveWorld } from './world-server.js';

/** As in bench/harness.js. */
const TASKS = 160;
/** `tuned`: the best of a few settings on development seeds; see README.md. */
const PACKAGES = {
  gepa: {
    name: 'package gepa 0.1.4',
    file: 'gepa_peer.py',
    tuned: { reflection_minibatch_size: 8, validation_tasks: 20 },
  },
  agentlightning: {
    name: 'package agentlightning 0.3.0 APO',
    file: 'agentlightning_peer.py',
    tuned: { beam_width: 2, branch_factor: 2, val_batch_size: 8, beam_rounds: 100 },
  },
  ax: {
    name: 'package @ax-llm/ax 24.0.21 GEPA',
    file: 'ax_peer.js',
    tuned: { minibatchSize: 4, numTrials: 1000, earlyStoppingTrials: 1000 },
  },
};
const { values } = parseArgs({
  options: {
    packages: { type: 'string', default: Object.keys(PACKAGES).join(',') },
    own: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    families: { type: 'string', default: BENCHMARK_FAMILIES.join(',') },
    budgets: { type: 'string', default: '300,1200' },
    seeds: { type: 'string', default: '3' },
    spread: { type: 'string' },
    tuned: { type: 'boolean', default: false },
    settings: { type: 'string' },
    secret: { type: 'string' },
    parallel: { type: 'string', default: '1' },
    runs: { type: 'string', default: 'bench/results/peers.jsonl' },
  },
});
const count = Number(values.seeds);
const seeds = values.secret === undefined ? DEVELOPMENT_SEEDS.slice(0, count) : evaluationSeeds(values.secret, count);
const done = new Set(readRuns(values.runs).map(keyOf));

for (const name of values.packages.split(',').filter(Boolean)) await runAll(packageNamed(PACKAGES[name]));
for (const name of values.own.split(',').filter(Boolean)) await runAll(ownNamed(name));
console.log(renderTable(readRuns(values.runs).filter(({ seed }) => seeds.includes(seed))));

/** Jobs as a queue before `--parallel` workers. */
async function runAll({ algorithm, startOne }) {
  const jobs = seeds
    .flatMap((seed, index) =>
      values.budgets
        .split(',')
        .flatMap((budget) =>
          familiesOf(values, index).map((family) => ({ family, seed, budget: Number(budget), index })),
        ),
    )
    .filter((job) => !done.has(keyOf({ algorithm, style: 'json', ...job })));
  let left = jobs.length;
  await Promise.all(
    Array.from({ length: Math.min(Number(values.parallel), jobs.length) }, async () => {
      const worker = startOne();
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
        const { family, seed, budget, index } = job;
        const world = createWorld(family, seed);
        const server = await serveWorld(world);
        const result = await worker.run({ url: server.url, world, budget, seed: index });
        server.close();
        const { start, ceiling } = bounds(world);
        const row = { ...result, start, ceiling, ...server.spent };
        appendRun(values.runs, { algorithm, family, seed, budget, style: 'json', ...row });
        left -= 1;
        process.stderr.write(`${algorithm}: ${left} runs left\n`);
      }
      worker.close();
    }),
  );
}

/** The same tasks, split and starting prompt as in bench/harness.js. */
function packageNamed({ name, file, tuned }) {
  const settings = values.settings === undefined ? (values.tuned ? tuned : {}) : JSON.parse(values.settings);
  const command = file.endsWith('.py') ? values.python : process.execPath;
  return {
    algorithm: [name, ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)].join(' '),
    startOne() {
      const worker = startWorker(command, [resolve(import.meta.dirname, file)]);
      async function run({ world, ...job }) {
        const tasks = createRandom('bench-split', job.seed).shuffle(datasetOf(world, TASKS));
        const cut = Math.round(TASKS * 0.8);
        const split = { train: tasks.slice(0, cut), val: tasks.slice(cut) };
        const { prompt, reported } = await worker.run({ ...job, ...split, settings, start: world.startPrompt });
        return { exact: exactScore(world, prompt), reported, verdict: '' };
      }
      return { run, close: worker.close };
    },
  };
}

/** An optimizer of this project before the same server, through the model that speaks to any such server. */
function ownNamed(name) {
  async function run({ url, world, budget, seed }) {
    const model = createOpenAi(openAiOptions.parse({ baseUrl: url }), { environment: { get: () => undefined } });
    const optimizer = await createOptimizer(name, world);
    const { exact, reported, verdict } = await runOnWorld({ world, optimizer, maxRollouts: budget, seed, model });
    return { exact, reported, verdict };
  }
  return { algorithm: `${name} (over HTTP)`, startOne: () => ({ run, close: () => {} }) };
}
