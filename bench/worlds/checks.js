// Posterior predictive checks: does a world show what is known of real optimizers? If not, the world is to be repaired.
//   npm run build && node bench/worlds/checks.js [worlds, default 10]
// Expected figures are from section 6 of the reference notes and its sources; the family is `plain`.
import { criticise } from '../../dist/models/simulated/critic.js';
import { respond } from '../../dist/models/simulated/respond.js';
import { readClauses, statementKey } from '../../dist/models/simulated/statements.js';
import { bounds, createWorld, exactScore, ruleStatement } from './referee.js';
import { DEVELOPMENT_SEEDS } from './seeds.js';

const worlds = DEVELOPMENT_SEEDS.slice(0, Number(process.argv[2] ?? 10)).map((seed) => createWorld('plain', seed));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

row('start prompt, exact accuracy', mean(worlds.map((world) => bounds(world).start)), '.15 to .30');
row('ceiling, exact accuracy', mean(worlds.map((world) => bounds(world).ceiling)), '.75 to .92');
row('useless child accepted by a gate of 3 tasks', mean(worlds.map(falseAccepts)), '.30 to .50');
for (const size of [3, 10, 30, 100]) {
  row(
    `right among findings, ${size} failures shown`,
    mean(worlds.map((world) => precision(world, size))),
    size === 3 ? '> .5' : 'falls',
  );
}
row(
  'gain of 12 reflections, expected answer shown',
  mean(worlds.map((world) => reflect(world, true))),
  '.15 to .20 above',
);
row('gain of 12 reflections, score only', mean(worlds.map((world) => reflect(world, false))), 'the next');
row('drop when one rule is stated twice with other arguments', mean(worlds.map(contradict)), '> 0');

function row(name, value, expected) {
  console.log(`${name.padEnd(58)} ${value.toFixed(3)}   ${expected}`);
}

function answer(world, prompt, task, sample = 0) {
  const messages = [
    { role: 'system', content: prompt },
    { role: 'user', content: task.input },
  ];
  return respond(world, { model: 'sim-agent', messages }, sample).content;
}

/** Fresh parent batch with at least one failure; the child says nothing more than a platitude. */
function falseAccepts(world) {
  const half = bounds(world).prompt.split('\n').slice(0, 16).join('\n');
  const child = `${half}\nBe helpful and precise.`;
  const right = (prompt, task) => Number(answer(world, prompt, task) === task.expected);
  const batches = Array.from({ length: 190 }, (_, index) => world.pool.slice(index * 3, index * 3 + 3))
    .map((tasks) => ({ old: tasks.map((task) => right(half, task)), young: tasks.map((task) => right(child, task)) }))
    .map(({ old, young }) => ({ old: mean(old), young: mean(young) }))
    .filter(({ old }) => old < 1);
  return mean(batches.map(({ old, young }) => Number(young > old)));
}

function failures(world, prompt, count, from = 0) {
  return world.pool
    .slice(from)
    .map((task) => ({ task, said: answer(world, prompt, task) }))
    .filter(({ task, said }) => said !== task.expected)
    .slice(0, count);
}

function precision(world, size) {
  const shown = failures(world, world.startPrompt, size)
    .map(({ task, said }) => `Task: ${task.input}\nAnswer: ${said}\nExpected: ${task.expected}`)
    .join('\n\n');
  const right = new Set(world.rules.map(({ scope, behaviour, argument }) => `${scope}/${behaviour}/${argument}`));
  const findings = Array.from({ length: 20 }, (_, sample) => criticise(world, shown, '', sample)).flat();
  const keys = (text) => readClauses(text).flatMap(({ statements }) => statements.map(statementKey));
  return findings.filter(({ text }) => keys(text).some((key) => right.has(key))).length / Math.max(1, findings.length);
}

function reflect(world, rich) {
  let prompt = world.startPrompt;
  for (let round = 0; round < 12; round++) {
    const examples = failures(world, prompt, 3, round * 20).map(({ task, said }) =>
      rich
        ? `Task: ${task.input}\nAnswer: ${said}\nExpected: ${task.expected}`
        : `Task: ${task.input}\nAnswer: ${said}\nScore: 0`,
    );
    const content = `# Current prompt\n\n${prompt}\n\n# Failures\n\n${examples.join('\n\n')}\n\n# Your turn\n\nWrite an improved prompt, with minimal changes.`;
    prompt = respond(world, { model: 'any', messages: [{ role: 'user', content }] }, round).content;
  }
  const { start, ceiling } = bounds(world);
  return (exactScore(world, prompt) - start) / (ceiling - start);
}

function contradict(world) {
  const [rule] = world.rules;
  const other = worlds
    .flatMap(({ rules }) => rules)
    .find(({ behaviour, argument }) => behaviour === rule.behaviour && argument !== rule.argument);
  const stated = `${world.startPrompt}\n${ruleStatement(rule)}`;
  if (other === undefined) return 0;
  return (
    exactScore(world, stated) - exactScore(world, `${stated}\n${ruleStatement({ ...rule, argument: other.argument })}`)
  );
}
