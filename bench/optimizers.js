// Every optimizer on every family of worlds, with exact scores by the referee.
//   npm run bench:optimizers -- [--families a,b] [--budgets 300,600,1200,2400] [--seeds 20] [--algorithms a,b]
//     [--spread N] [--style json|text] [--runs FILE.jsonl] [--more FILE.jsonl,...] [--secret EVALUATION-SECRET] [--table]
//     [--write FILE.md]
// Without --secret the development seeds are used. Runs are appended to --runs, and those that are there are not repeated:
// stop it whenever you like. --spread N gives each seed N of the families in turn, the same ones to all algorithms. --more
// adds results of others (bench/peers). --table runs nothing. One table is printed.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runOnWorld } from './harness.js';
import { CANARIES } from './optimizers/canaries.js';
import { createOptimizer } from './optimizers/create.js';
import { appendRun, familiesOf, keyOf, readRuns } from './optimizers/runs.js';
import { summarize } from './optimizers/summary.js';
import { renderTable } from './optimizers/table.js';
import { BENCHMARK_FAMILIES, bounds, createWorld } from './worlds/referee.js';
import { DEVELOPMENT_SEEDS, evaluationSeeds } from './worlds/seeds.js';

const ALGORITHMS = ['apo', 'beam', 'protegi', 'gepa', 'opro', 'demos'];
const USAGE = readFileSync(new URL(import.meta.url), 'utf8').split('\nimport ')[0];
const { values } = readArguments({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    families: { type: 'string', default: BENCHMARK_FAMILIES.join(',') },
    budgets: { type: 'string', default: '300,600,1200,2400' },
    seeds: { type: 'string', default: '20' },
    spread: { type: 'string' },
    algorithms: { type: 'string', default: [...ALGORITHMS, ...Object.keys(CANARIES)].join(',') },
    style: { type: 'string', default: 'json' },
    runs: { type: 'string', default: 'bench/results/optimizers.jsonl' },
    more: { type: 'string', default: '' },
    secret: { type: 'string' },
    table: { type: 'boolean', default: false },
    write: { type: 'string' },
  },
});
if (values.help) {
  console.log(USAGE.replace(/^\/\/ ?/gm, ''));
  process.exit(0);
}
for (const family of values.families.split(',')) {
  if (!BENCHMARK_FAMILIES.includes(family))
    refuse(`unknown family "${family}" - known are ${BENCHMARK_FAMILIES.join(', ')}`);
}
for (const algorithm of values.algorithms.split(',')) {
  const known = [...ALGORITHMS, ...Object.keys(CANARIES)];
  if (!known.includes(algorithm) && !ALGORITHMS.includes(algorithm.split(' ')[0]))
    refuse(`unknown algorithm "${algorithm}" - known are ${known.join(', ')}, with options as in 'gepa minibatch=8'`);
}
const count = Number(values.seeds);
if (!Number.isInteger(count) || count < 1) refuse('--seeds takes a whole number of at least 1');
const seeds = values.secret === undefined ? DEVELOPMENT_SEEDS.slice(0, count) : evaluationSeeds(values.secret, count);
const known = readRuns(values.runs);
if (!values.table) await runMissing();

const rows = [...readRuns(values.runs), ...values.more.split(',').filter(Boolean).flatMap(readRuns)].filter(
  ({ seed, style }) => seeds.includes(seed) && style === values.style,
);
if (rows.length === 0)
  refuse(`no runs of these seeds in ${values.runs}: runs are not in the repository, leave out --table to make them`);
const table = renderTable(rows);
console.log(`${table}\n\n${summarize(rows)}`);
if (values.write !== undefined) writeFileSync(values.write, page());

function readArguments(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    return refuse(`${error.message} - see --help`);
  }
}

function refuse(problem) {
  console.error(`error: ${problem}`);
  process.exit(2);
}

function page() {
  const arguments_ = process.argv.slice(2).map((argument) => (/[\s{]/.test(argument) ? `'${argument}'` : argument));
  return `# Optimizers on simulated worlds

${'```sh'}
npm run build && npm run bench:optimizers -- ${arguments_.join(' ')}
${'```'}

Simulated models, not real ones: this compares how optimizers spend rollouts, nothing else. Exact score: expected accuracy
of the returned prompt on 400 test tasks, integrated by the referee. Share of gain: 0 is the start prompt, 1 the best known
one. Optimism: reported minus exact. Mean over families ± standard error over seeds (none where a family has one run); the
family columns are shares of gain. Runs differ in number where time was short; \`within budget\` counts those that kept the
limit and had no fault. Names that begin with \`package\` are the real packages (bench/peers/README.md); what follows a name
are settings other than its defaults.

${table}

${summarize(rows)}
`;
}

/** Seeds outermost: whenever it stops, all algorithms have seen the same worlds. */
async function runMissing() {
  const done = new Set(known.map(keyOf));
  for (const [index, seed] of seeds.entries()) {
    for (const budget of values.budgets.split(',').map(Number)) {
      for (const family of familiesOf(values, index)) {
        const world = createWorld(family, seed);
        for (const algorithm of values.algorithms.split(',')) {
          const key = { algorithm, family, seed, budget, style: values.style };
          if (!done.has(keyOf(key)))
            appendRun(values.runs, { ...key, ...(await runOne(world, algorithm, budget, index)) });
        }
      }
    }
    process.stderr.write(`seed ${index + 1} of ${seeds.length}\n`);
  }
}

async function runOne(world, algorithm, maxRollouts, seed) {
  const optimizer = await createOptimizer(algorithm, world);
  const { text: _text, ...result } = await runOnWorld({
    world,
    optimizer,
    maxRollouts,
    seed,
    criticStyle: values.style,
  });
  return { ...result, ceiling: bounds(world).ceiling };
}
