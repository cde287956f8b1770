// Memory and time of a run of 20,000 rollouts in the store: save one by one, stream all, read all scores.
// npm run build && node bench/rollouts.js
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.js';
import { openBenchStore } from './store.js';

const COUNT = 20_000;
const SLOTS = 64;
const usage = { input: 400, output: 80, cached: 0, reasoning: 0, estimated: false };

function rollout(index) {
  const content = `${index} ${'x'.repeat(500)}`;
  const events = ['system', 'user', 'thinking', 'reply'].map((type) => ({
    at: index,
    spanId: 'b'.repeat(16),
    type,
    content,
  }));
  return {
    runId: 'run',
    iteration: 1,
    split: 'train',
    category: null,
    difficulty: null,
    rollout: {
      id: `rollout-${index}`,
      taskId: `task-${index % 50}`,
      promptId: `p-${index % 40}`,
      sample: 0,
      status: 'ok',
      answer: content,
      failure: null,
      traceId: 'a'.repeat(32),
      events,
      usage,
      durationMs: 5,
    },
    grade: { status: 'scored', score: 0.5, reason: 'half' },
  };
}

const folder = temporaryFolder();
const store = await openBenchStore(folder, 'apo.db');
console.log('step            seconds   per second   peak RSS MB');
let next = 0;
await step('save', async () => {
  const work = async () => {
    while (next < COUNT) await store.rollouts.save([rollout(next++)]);
  };
  await Promise.all(Array.from({ length: SLOTS }, work));
});
await step('stream', async () => {
  let seen = 0;
  for await (const { rollout: one } of store.rollouts.list({ runId: 'run' })) seen += one.events.length > 0 ? 1 : 0;
  if (seen !== COUNT) throw new Error(`${seen} of ${COUNT} rollouts came back`);
});
await step('scores', () => store.rollouts.scores({ runId: 'run' }));
await step('totals', () => store.journal.totals('run'));
await store.close();
console.log(`file ${(statSync(join(folder, 'apo.db')).size / 2 ** 20).toFixed(0)} MB`);

async function step(name, work) {
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${name.padEnd(12)} ${seconds.toFixed(3).padStart(10)} ${String(Math.round(COUNT / seconds)).padStart(12)} ${peak.toFixed(0).padStart(13)}`,
  );
}
