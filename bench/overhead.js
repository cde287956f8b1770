// Time that the trainer adds to each call: journal (two durable commits), budget, limiter, client, against a server of its
// own process. Overhead is the time of the call without the time that the server had it.
// npm run build && node bench/overhead.js
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createEnvironment } from '../dist/config/environment.js';
import { createBudget } from '../dist/engine/budget.js';
import { createCaller } from '../dist/engine/calls.js';
import { createLimiter } from '../dist/engine/limiter.js';
import { createPrices } from '../dist/engine/prices.js';
import { createStopSwitch } from '../dist/engine/stop.js';
import createOpenAi, { options } from '../dist/models/openai.js';
import { systemClock } from '../dist/platform/clock.js';
import { percentile, startModelServer } from './model-server.js';
import { openBenchStore } from './store.js';

const WARM_UP = 1000;
const folder = mkdtempSync(join(tmpdir(), 'apo-bench-'));
console.log('in flight   server ms   calls/s   overhead in ms: p50    p95    p99   event loop delay in ms: p50   p99');
for (const [slots, latencyMs, calls] of [
  [1, 50, 100],
  [8, 50, 1000],
  [64, 50, 5000],
  [200, 50, 10_000],
  [200, 500, 5000],
  [200, 1000, 3000],
]) {
  const server = await startModelServer({ latencyMs });
  await measure(server, slots, calls, latencyMs);
  server.close();
}
rmSync(folder, { recursive: true, force: true });

async function measure(server, slots, count, latencyMs) {
  const store = await openBenchStore(folder, `${slots}-${latencyMs}.db`);
  const model = createOpenAi(options.parse({ baseUrl: server.url }), { environment: createEnvironment({}) });
  const limiter = createLimiter({ concurrency: slots, clock: systemClock });
  const binding = { model, name: 'bench', temperature: undefined, maxOutputTokens: undefined, limiter };
  const stop = createStopSwitch();
  const caller = createCaller({
    runId: 'run',
    journal: store.journal,
    roles: { agent: binding, grader: binding, critic: binding, editor: binding },
    budget: createBudget({}, { calls: 0, tokens: 0, costMicroUsd: 0 }, () => 0),
    prices: createPrices({}),
    stop,
    clock: systemClock,
    random: Math.random,
    callTimeoutMs: 60_000,
    concurrency: slots,
    observer: {},
  });
  const overheads = [];
  let next = 0;
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const warmUp = Math.min(WARM_UP, count / 2);
  let began = 0;
  async function work() {
    for (let number = next++; number < count + warmUp; number = next++) {
      if (number === warmUp) {
        loop.enable();
        began = performance.now();
      }
      const started = performance.now();
      const messages = [
        { role: 'system', content: 'You choose rooms. '.repeat(20) },
        { role: 'user', content: `${'A long question about rooms. '.repeat(40)}${number}` },
      ];
      const { responseId } = await caller.chat('agent', { messages }, { sample: 0, signal: stop.signal });
      if (number >= warmUp) overheads.push(performance.now() - started - Number(responseId.slice(5)));
    }
  }
  await Promise.all(Array.from({ length: slots }, work));
  const seconds = (performance.now() - began) / 1000;
  loop.disable();
  await store.close();
  overheads.sort((a, b) => a - b);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(overheads, share).toFixed(1).padStart(6));
  const delay = [50, 99].map((share) => (loop.percentile(share) / 1e6).toFixed(1).padStart(6));
  console.log(
    `${String(slots).padStart(9)}   ${String(latencyMs).padStart(9)}   ${String(Math.round(overheads.length / seconds)).padStart(7)}               ${p50} ${p95} ${p99}                         ${delay.join(' ')}`,
  );
}
