// One Markdown table out of the rows of runs. Means are over families, each by its own seeds, so that a family with more
// runs does not weigh more; the standard error belongs to that mean.

const HEAD = [
  'rollouts',
  'algorithm',
  'runs',
  'seeds',
  'exact score',
  'share of gain',
  'optimism',
  'calls',
  'tokens (k)',
  'within budget',
];

/** @param {import('./runs.js').Row[]} rows */
export function renderTable(rows) {
  const families = [...new Set(rows.map(({ family }) => family))];
  const budgets = [...new Set(rows.map(({ budget }) => budget))].sort((a, b) => a - b);
  const lines = budgets.flatMap((budget) => {
    const here = rows.filter((row) => row.budget === budget);
    return [...groupBy(here, ({ algorithm }) => algorithm)]
      .map(([algorithm, own]) => ({ algorithm, own, score: stratified(own, ({ exact }) => exact).mean }))
      .sort((a, b) => b.score - a.score)
      .map(({ algorithm, own }) => lineOf(budget, algorithm, own, families));
  });
  const head = [...HEAD, ...families];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function lineOf(budget, algorithm, rows, families) {
  const plain = (value, digits = 0) => (Number.isNaN(value) ? '' : value.toFixed(digits));
  const shown = ({ mean, error }) => {
    if (Number.isNaN(mean)) return '';
    return Number.isNaN(error) ? mean.toFixed(3) : `${mean.toFixed(3)} ± ${error.toFixed(3)}`;
  };
  return [
    String(budget),
    algorithm,
    String(rows.length),
    String(new Set(rows.map(({ seed }) => seed)).size),
    shown(stratified(rows, ({ exact }) => exact)),
    shown(stratified(rows, shareOf)),
    shown(stratified(rows, ({ reported, exact }) => (reported === null ? undefined : reported - exact))),
    plain(stratified(rows, ({ calls }) => calls).mean),
    plain(stratified(rows, ({ tokens }) => tokens / 1000).mean),
    `${rows.filter((row) => row.error === undefined && row.rollouts <= row.budget).length}/${rows.length}`,
    ...families.map((family) =>
      plain(
        stratified(
          rows.filter((row) => row.family === family),
          shareOf,
        ).mean,
        2,
      ),
    ),
  ];
}

/** 0 at the start, 1 at the best known prompt; undefined where nothing can be gained. */
export function shareOf({ exact, start, ceiling }) {
  return ceiling - start < 0.02 ? undefined : (exact - start) / (ceiling - start);
}

/** Mean over families of the means over seeds, with its standard error; NaN when there is nothing, or a family with a single run. */
export function stratified(rows, measure) {
  const groups = [...groupBy(rows, ({ family }) => family).values()]
    .map((group) => group.flatMap((row) => measure(row) ?? []))
    .filter((values) => values.length > 0);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = groups.reduce((sum, values) => {
    if (values.length < 2) return Number.NaN;
    const center = mean(values);
    const spread = values.reduce((total, value) => total + (value - center) ** 2, 0) / (values.length - 1);
    return sum + spread / values.length;
  }, 0);
  return { mean: mean(groups.map(mean)), error: Math.sqrt(variance) / groups.length };
}

/** Map.groupBy, which Node 20 does not have. */
function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
