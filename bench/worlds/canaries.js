// Canary optimizers on every family: a world in which these do not rank as expected measures nothing.
//   npm run build && node bench/worlds/canaries.js [worlds per family, default 5]
// Columns are mean shares of the reachable gain on the test tasks (exact), but for the scores of the first two.
import { createRandom } from '../../dist/core/random.js';
import { respond } from '../../dist/models/simulated/respond.js';
import { bounds, createWorld, exactScore, FAMILY_NAMES } from './referee.js';
import { DEVELOPMENT_SEEDS } from './seeds.js';
import { allStatements, randomStatements } from './statements.js';

const count = Number(process.argv[2] ?? 5);
const columns = [
  'start',
  'ceiling',
  'random edits',
  'stuff all',
  'train facts',
  'critic x12',
  'best of 12',
  'its reported',
];
console.log(['family'.padEnd(16), ...columns.map((name) => name.padStart(12))].join(' '));

for (const family of FAMILY_NAMES) {
  const rows = DEVELOPMENT_SEEDS.slice(0, count).map((seed) => measure(createWorld(family, seed)));
  const mean = (name) => rows.reduce((sum, row) => sum + row[name], 0) / rows.length;
  console.log([family.padEnd(16), ...columns.map((name) => mean(name).toFixed(3).padStart(12))].join(' '));
}

function measure(world) {
  const limits = bounds(world);
  const range = limits.ceiling - limits.start;
  const gain = (score) => (range < 0.02 ? score - limits.start : (score - limits.start) / range);
  const share = (prompt) => gain(exactScore(world, prompt));
  const random = createRandom('canary', world.family, world.seed);
  const proposals = Array.from({ length: 12 }, (_, index) => withCritic(world, index));
  const tasks = world.pool.slice(0, 16);
  const measured = proposals.map((prompt) => ({ prompt, score: accuracy(world, prompt, tasks) }));
  const best = measured.reduce((a, b) => (b.score > a.score ? b : a));
  return {
    start: limits.start,
    ceiling: limits.ceiling,
    'random edits': share(`${world.startPrompt}\n${randomStatements(random, 10).join('\n')}`),
    'stuff all': share(`${world.startPrompt}\n${allStatements().join('\n')}`),
    'train facts': share(
      `${world.startPrompt}\n${world.pool
        .slice(0, 30)
        .map(({ input, expected }) => `${input}\n${expected}`)
        .join('\n')}`,
    ),
    'critic x12': share(withAllCritiques(world, 12)),
    'best of 12': share(best.prompt),
    'its reported': gain(best.score),
  };
}

function accuracy(world, prompt, tasks) {
  const correct = tasks.filter((task) => answer(world, prompt, task) === task.expected);
  return correct.length / tasks.length;
}

function answer(world, prompt, task) {
  const messages = [
    { role: 'system', content: prompt },
    { role: 'user', content: task.input },
  ];
  return respond(world, { model: 'sim-agent', messages }, 0).content;
}

/** One reflection on four tasks, worded as GEPA words it. */
function withCritic(world, index, prompt = world.startPrompt) {
  const tasks = world.pool.slice(100 + index * 4, 104 + index * 4);
  const examples = tasks.map((task, place) => {
    const said = answer(world, prompt, task);
    const feedback =
      said === task.expected ? 'This is correct.' : `This is wrong. The correct answer is '${task.expected}'.`;
    return `# Example ${place + 1}\n## Inputs\n${task.input}\n## Generated Outputs\n${said}\n## Feedback\n${feedback}\n`;
  });
  const content = `These are the instructions of an assistant:\n\`\`\`\n${prompt}\n\`\`\`\nExamples with feedback:\n${examples.join('\n')}
Your task is to write a new instruction for the assistant. Provide the new instructions within \`\`\` blocks.`;
  const reply = respond(world, { model: 'any', messages: [{ role: 'user', content }] }, index).content;
  return reply.replace(/^```\n|\n```$/g, '');
}

/** Rounds of reflection, every proposal accepted. */
function withAllCritiques(world, rounds) {
  let prompt = world.startPrompt;
  for (let round = 0; round < rounds; round++) prompt = withCritic(world, round, prompt);
  return prompt;
}
