// The real packages on the same worlds, over HTTP against `apo simulate --fresh`. Needs Python; see README.md.
//   npm run build && node bench/peers/run.js --python PYTHON [--families a,b] [--budgets 300,1200] [--seeds 3]
//     [--settings '{"reflection_minibatch_size":8}'] [--secret EVALUATION-SECRET] [--runs FILE.jsonl]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { createRandom } from '../../dist/core/random.js';
import { datasetOf } from '../../dist/models/simulated/dataset.js';
import { appendRun, keyOf, readRuns } from '../optimizers/runs.js';
import { renderTable } from '../optimizers/table.js';
import { BENCHMARK_FAMILIES, bounds, createWorld, exactScore } from '../worlds/referee.js';
import { DEVELOPMENT_SEEDS, evaluationSeeds } from '../worlds/seeds.js';

/** As in bench/harness.js. */
const TASKS = 160;
const { values } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    families: { type: 'string', default: BENCHMARK_FAMILIES.join(',') },
    budgets: { type: 'string', default: '300,1200' },
    seeds: { type: 'string', default: '3' },
    settings: { type: 'string', default: '{}' },
    secret: { type: 'string' },
    runs: { type: 'string', default: 'bench/results/peers.jsonl' },
  },
});
const count = Number(values.seeds);
const seeds = values.secret === undefined ? DEVELOPMENT_SEEDS.slice(0, count) : evaluationSeeds(values.secret, count);
const settings = JSON.parse(values.settings);
const algorithm = `package gepa 0.1.4${values.settings === '{}' ? '' : ` ${values.settings}`}`;
const done = new Set(readRuns(values.runs).map(keyOf));

for (const [index, seed] of seeds.entries()) {
  for (const budget of values.budgets.split(',').map(Number)) {
    for (const family of values.families.split(',')) {
      const key = { algorithm, family, seed, budget, style: 'json' };
      if (!done.has(keyOf(key))) appendRun(values.runs, { ...key, ...(await runPeer(family, seed, budget, index)) });
    }
  }
  process.stderr.write(`seed ${index + 1} of ${seeds.length}\n`);
}
console.log(renderTable(readRuns(values.runs).filter(({ seed }) => seeds.includes(seed))));

async function runPeer(family, seed, budget, index) {
  const world = createWorld(family, seed);
  const tasks = createRandom('bench-split', index).shuffle(datasetOf(world, TASKS));
  const cut = Math.round(TASKS * 0.8);
  const server = await startServer(family, seed);
  try {
    const { prompt, reported, rollouts, calls, tokens } = await runPython({
      url: server.url,
      start: world.startPrompt,
      train: tasks.slice(0, cut),
      val: tasks.slice(cut),
      budget,
      seed: index,
      settings,
    });
    const { start, ceiling } = bounds(world);
    return { exact: exactScore(world, prompt), reported, start, ceiling, rollouts, calls, tokens, verdict: '' };
  } finally {
    server.stop();
  }
}

/** @throws Error when the server does not come up */
async function startServer(family, seed) {
  const cli = resolve(import.meta.dirname, '../../dist/cli.js');
  const server = spawn(process.execPath, [cli, 'simulate', '--world', family, '--seed', seed, '--fresh'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const url = /http:\S+/.exec(line)?.[0];
    if (url !== undefined) return { url, stop: () => server.kill() };
  }
  throw new Error('apo simulate did not start');
}

async function runPython(job) {
  const python = spawn(values.python, [resolve(import.meta.dirname, 'gepa_peer.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(python, 'close');
  python.stdin.end(JSON.stringify(job));
  const output = await text(python.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`gepa ended with ${code}`);
  return JSON.parse(output);
}
