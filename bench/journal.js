// Journal writes per second: each call is a `start`, on disk before it resolves, and a `finish`, on disk before the next start.
// Writes of one turn of the event loop share a transaction, and all transactions of one sync of the disk share that.
// npm run build && node bench/journal.js
import { temporaryFolder } from './folder.js';
import { openBenchStore } from './store.js';

const CALLS = 4000;
const AT = '2026-01-01T00:00:00.000Z';
const REQUEST = { model: 'bench', messages: [{ role: 'user', content: 'x'.repeat(1500) }] };
const REPLY = {
  reply: { content: 'y'.repeat(300) },
  usage: { input: 400, output: 80, cached: 0, reasoning: 0, estimated: false },
  costMicroUsd: 12,
  attempts: 1,
};

const folder = temporaryFolder();
console.log('in flight    writes/s   calls/s   ms a call (p50, p95)');
for (const slots of [1, 8, 64, 200]) await measure(slots);

async function measure(slots) {
  const store = await openBenchStore(folder, `${slots}.db`);
  const durations = [];
  let next = 0;
  async function work() {
    while (next < CALLS) {
      const key = { runId: 'run', role: 'agent', key: `call-${next++}` };
      const started = performance.now();
      await store.journal.start(key, REQUEST, AT);
      await store.journal.finish(key, REPLY, AT);
      durations.push(performance.now() - started);
    }
  }
  const began = performance.now();
  await Promise.all(Array.from({ length: slots }, work));
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  durations.sort((a, b) => a - b);
  const percentile = (share) => durations[Math.floor(durations.length * share)].toFixed(2);
  console.log(
    `${String(slots).padStart(9)}   ${String(Math.round((2 * CALLS) / seconds)).padStart(9)}   ${String(Math.round(CALLS / seconds)).padStart(7)}   ${percentile(0.5)}, ${percentile(0.95)}`,
  );
}
