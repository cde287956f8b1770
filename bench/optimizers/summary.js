// What the table says in sentences: do the canaries rank as expected, where does apo lose, what does equal quality cost.
import { shareOf, stratified } from './table.js';

/** @param {import('./runs.js').Row[]} rows */
export function summarize(rows) {
  const budgets = [...new Set(rows.map(({ budget }) => budget))].sort((a, b) => a - b);
  return [...canaryLines(rows), ...budgets.map((budget) => lossLine(rows, budget)), ...tokenLines(rows, budgets)]
    .filter((line) => line !== undefined)
    .map((line) => `- ${line}`)
    .join('\n');
}

/** Each with what it has to show; a benchmark whose canaries fail measures nothing. */
function canaryLines(rows) {
  const mean = (name, measure) =>
    stratified(
      rows.filter(({ algorithm }) => algorithm === `canary: ${name}`),
      measure,
    ).mean;
  const optimism = ({ reported, exact }) => (reported === null ? undefined : reported - exact);
  const checks = [
    ['oracle', shareOf, 'share of gain 1', (value) => value > 0.99],
    ['return the start', shareOf, 'share of gain 0', (value) => value === 0],
    ['random edits', shareOf, 'share of gain at most about 0', (value) => value < 0.02],
    ['stuff everything', shareOf, 'below the start', (value) => value < 0],
    ['best of 12', optimism, 'promises too much', (value) => value > 0.05],
  ];
  return checks
    .map(([name, measure, wanted, holds]) => ({ name, wanted, holds, value: mean(name, measure) }))
    .filter(({ value }) => !Number.isNaN(value))
    .map(({ name, wanted, holds, value }) => {
      const verdict = holds(value) ? 'as expected' : 'NOT AS EXPECTED: the benchmark measures nothing';
      return `Canary "${name}": ${value.toFixed(3)} (${wanted}): ${verdict}.`;
    });
}

/** Families in which another algorithm has a higher mean score on the worlds that both have seen. */
function lossLine(rows, budget) {
  const here = rows.filter((row) => row.budget === budget && !row.algorithm.startsWith('canary'));
  const own = here.filter(({ algorithm }) => algorithm === 'apo');
  if (own.length === 0) return undefined;
  const losses = [...new Set(own.map(({ family }) => family))].flatMap((family) =>
    [...new Set(here.map(({ algorithm }) => algorithm))].flatMap((algorithm) => {
      const pairs = own
        .filter((row) => row.family === family)
        .flatMap((row) =>
          here
            .filter((other) => other.algorithm === algorithm && other.family === family && other.seed === row.seed)
            .map((other) => other.exact - row.exact),
        );
      const mean = pairs.reduce((sum, value) => sum + value, 0) / pairs.length;
      return mean > 0.005 ? [`${family} (${algorithm} by ${mean.toFixed(3)}, ${pairs.length} worlds)`] : [];
    }),
  );
  const what = losses.length === 0 ? 'in no family' : `in ${losses.join('; ')}`;
  return `At ${budget} rollouts another algorithm is ahead of apo on the same worlds ${what}.`;
}

/** For each rival that has met every family: its largest score, and the smallest budget of apo that reaches it too. */
function tokenLines(rows, budgets) {
  const at = (algorithm, budget) => {
    const found = rows.filter((row) => row.algorithm === algorithm && row.budget === budget);
    const own = new Set(found.map(({ family }) => family)).size === families ? found : [];
    return {
      budget,
      exact: stratified(own, ({ exact }) => exact).mean,
      tokens: stratified(own, (row) => row.tokens).mean,
    };
  };
  const known = (algorithm) =>
    budgets.map((budget) => at(algorithm, budget)).filter(({ exact }) => !Number.isNaN(exact));
  const show = ({ budget, exact, tokens }) =>
    `${exact.toFixed(3)} with ${budget} rollouts and ${Math.round(tokens / 1000)}k tokens`;
  const families = new Set(rows.map(({ family }) => family)).size;
  const rivals = new Set(
    rows.map(({ algorithm }) => algorithm).filter((name) => name !== 'apo' && !name.startsWith('canary')),
  );
  return [...rivals].flatMap((rival) => {
    const [first, ...more] = known(rival);
    if (first === undefined || known('apo').length === 0) return [];
    const best = more.reduce((a, b) => (b.exact > a.exact ? b : a), first);
    const equal = known('apo').find(({ exact }) => exact >= best.exact);
    const answer = equal === undefined ? 'apo does not reach it' : `apo reaches ${show(equal)}`;
    return `${rival} at its best: ${show(best)}; ${answer}.`;
  });
}
