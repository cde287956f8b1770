// node bench/dev.js families=plain,ordered budgets=300 seeds=5 optimizer=apo style=json '{"stepTasks":4}'

import { runOnWorld } from './harness.js';
import { BENCHMARK_FAMILIES, bounds, createWorld } from './worlds/referee.js';
import { DEVELOPMENT_SEEDS } from './worlds/seeds.js';

const args = Object.fromEntries(
  process.argv
    .slice(2)
    .filter((a) => a.includes('=') && !a.startsWith('{'))
    .map((a) => a.split('=')),
);
const json = process.argv.slice(2).find((a) => a.startsWith('{')) ?? '{}';
const name = args.optimizer ?? 'apo';
const { default: create, options } = await import(`../dist/optimizers/${name}.js`);
const families = args.families === undefined ? BENCHMARK_FAMILIES : args.families.split(',');
const budgets = (args.budgets ?? '300').split(',').map(Number);
const seeds = DEVELOPMENT_SEEDS.slice(0, Number(args.seeds ?? 5));
const all = new Map(budgets.map((b) => [b, []]));
for (const family of families) {
  const row = [family.padEnd(16)];
  const limits = seeds.map((seed) => bounds(createWorld(family, seed)));
  const m = (xs) => xs.reduce((a, b) => a + b, 0) / xs.length;
  row.push(`start ${m(limits.map((l) => l.start)).toFixed(3)} ceil ${m(limits.map((l) => l.ceiling)).toFixed(3)}`);
  for (const budget of budgets) {
    const started = performance.now();
    const results = [];
    for (const seed of seeds) {
      const world = createWorld(family, seed);
      results.push(
        await runOnWorld({
          world,
          optimizer: create(options.parse(JSON.parse(json))),
          maxRollouts: budget,
          seed: results.length,
          criticStyle: args.style ?? 'json',
          ...(args.iterations ? { iterations: Number(args.iterations) } : {}),
        }),
      );
    }
    const exact = m(results.map((r) => r.exact));
    all.get(budget).push(exact);
    const optimism = m(results.map((r) => (r.reported ?? 0) - r.exact));
    row.push(
      `| ${budget}: ${exact.toFixed(3)} opt ${optimism.toFixed(3)} calls ${m(results.map((r) => r.calls - r.rollouts)).toFixed(0)} tok ${(m(results.map((r) => r.tokens)) / 1000).toFixed(0)}k ${((performance.now() - started) / 1000 / seeds.length).toFixed(1)}s`,
    );
    const bad = results.find((r) => r.error);
    if (bad) row.push(`ERR ${bad.error.slice(0, 100)}`);
    if (args.show) console.log(results[0].text, results[0].verdict);
  }
  console.log(row.join(' '));
}
for (const b of budgets) console.log('mean', b, (all.get(b).reduce((a, c) => a + c, 0) / all.get(b).length).toFixed(4));
