// Time that the trainer adds to each call: journal, budget, limiter, client, against a server of its own process. Overhead is
// the time of the call without the time that the server had it. Beside it, what the machine and the client allow: the same
// calls by node:http alone, and by the client alone.
// npm run build && node bench/overhead.js
import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createEnvironment } from '../dist/config/environment.js';
import { createBudget } from '../dist/engine/budget.js';
import { createCaller } from '../dist/engine/calls.js';
import { createLimiter } from '../dist/engine/limiter.js';
import { createPrices } from '../dist/engine/prices.js';
import { createStopSwitch } from '../dist/engine/stop.js';
import createOpenAi, { options } from '../dist/models/openai.js';
import { systemClock } from '../dist/platform/clock.js';
import { temporaryFolder } from './folder.js';
import { percentile, startModelServer } from './model-server.js';
import { openBenchStore } from './store.js';

const WARM_UP = 1000;
const SUBJECTS = { trainer, client, 'node:http': plain };
const folder = temporaryFolder();
console.log(
  'calls by    in flight   server ms   calls/s   CPU ms a call   overhead ms: p50    p95    p99   loop delay ms: p50   p99',
);
for (const [subject, slots, latencyMs, calls] of [
  ['trainer', 1, 50, 100],
  ['trainer', 8, 50, 1000],
  ['client', 8, 50, 1000],
  ['node:http', 8, 50, 1000],
  ['trainer', 64, 50, 5000],
  ['trainer', 200, 50, 10_000],
  ['client', 200, 50, 10_000],
  ['node:http', 200, 50, 10_000],
  ['trainer', 200, 500, 5000],
  ['trainer', 200, 1000, 3000],
]) {
  const server = await startModelServer({ latencyMs });
  const { send, close } = await SUBJECTS[subject](server.url, slots, latencyMs);
  print(subject, slots, latencyMs, await measure(send, slots, calls));
  await close();
  server.close();
}

/** Runs the calls, `slots` at a time, after a warm-up. `send` resolves to what the server said about the time it took. */
async function measure(send, slots, count) {
  const overheads = [];
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const warmUp = Math.min(WARM_UP, count / 2);
  let next = 0;
  let began = 0;
  let cpu;
  async function work() {
    for (let number = next++; number < count + warmUp; number = next++) {
      if (number === warmUp) {
        loop.enable();
        began = performance.now();
        cpu = process.cpuUsage();
      }
      const messages = [
        { role: 'system', content: 'You choose rooms. '.repeat(20) },
        { role: 'user', content: `${'A long question about rooms. '.repeat(40)}${number}` },
      ];
      const started = performance.now();
      const held = Number((await send(messages)).slice('held-'.length));
      if (number >= warmUp) overheads.push(performance.now() - started - held);
    }
  }
  await Promise.all(Array.from({ length: slots }, work));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  loop.disable();
  overheads.sort((a, b) => a - b);
  return {
    perSecond: Math.round(overheads.length / seconds),
    cpuMs: (user + system) / 1000 / overheads.length,
    overheads: [0.5, 0.95, 0.99].map((share) => percentile(overheads, share)),
    delays: [50, 99].map((share) => loop.percentile(share) / 1e6),
  };
}

function print(subject, slots, latencyMs, { perSecond, cpuMs, overheads, delays }) {
  const column = (value, width) => String(value).padStart(width);
  const numbers = (values) => values.map((value) => column(value.toFixed(1), 6)).join(' ');
  console.log(
    `${subject.padEnd(9)}   ${column(slots, 9)}   ${column(latencyMs, 9)}   ${column(perSecond, 7)}   ${column(cpuMs.toFixed(2), 13)}          ${numbers(overheads)}            ${numbers(delays)}`,
  );
}

async function trainer(url, slots, latencyMs) {
  const store = await openBenchStore(folder, `${slots}-${latencyMs}.db`);
  const { model } = client(url);
  const limiter = createLimiter({ concurrency: slots, clock: systemClock });
  const binding = { model, name: 'bench', temperature: undefined, maxOutputTokens: undefined, limiter };
  const { signal } = new AbortController();
  const caller = createCaller({
    runId: 'run',
    journal: store.journal,
    roles: { agent: binding, grader: binding, critic: binding, editor: binding },
    budget: createBudget({}, { calls: 0, tokens: 0, costMicroUsd: 0 }, () => 0),
    prices: createPrices({}),
    stop: createStopSwitch(),
    clock: systemClock,
    random: Math.random,
    callTimeoutMs: 60_000,
    concurrency: slots,
    observer: {},
  });
  return {
    send: async (messages) => (await caller.chat('agent', { messages }, { sample: 0, signal })).responseId,
    close: () => store.close(),
  };
}

function client(url) {
  const model = createOpenAi(options.parse({ baseUrl: url }), { environment: createEnvironment({}) });
  const { signal } = new AbortController();
  return {
    model,
    send: async (messages) => (await model.chat({ model: 'bench', messages }, { signal })).responseId,
    close: () => undefined,
  };
}

function plain(url) {
  const agent = new Agent({ keepAlive: true });
  const headers = { 'content-type': 'application/json' };
  const send = (messages) =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/chat/completions`, { method: 'POST', agent, headers }, (reply) => {
        const chunks = [];
        reply.on('data', (chunk) => chunks.push(chunk));
        reply.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()).id));
      });
      sent.on('error', reject);
      sent.end(JSON.stringify({ model: 'bench', messages }));
    });
  return { send, close: () => agent.destroy() };
}
