// Durable OTLP ingest over HTTP: spans per second and latency, and the reference store's rollout flow.
// Run: npm run build && node bench/ingest.js [seconds]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPayload } from './otlp-payload.js';

const seconds = Number(process.argv[2] ?? 10);
const folder = mkdtempSync(join(tmpdir(), 'apo-bench-'));
const cli = new URL('../dist/cli.js', import.meta.url).pathname;
const server = spawn(process.execPath, [
  cli,
  'serve',
  '--port',
  '0',
  '--otlp-port',
  '0',
  '--store',
  join(folder, 'apo.db'),
]);
server.stderr.pipe(process.stderr);
const line = await new Promise((resolve) => server.stdout.once('data', (data) => resolve(String(data))));
const base = new URL(/http:\S+/.exec(line)[0]);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const percentile = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];

function post(body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const call = request(
      { host: base.hostname, port: base.port, path: '/v1/traces', method: 'POST', agent, headers },
      (reply) => {
        reply.resume();
        reply.on('end', () => (reply.statusCode === 200 ? resolve() : reject(new Error(`status ${reply.statusCode}`))));
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

/** `clients` loops for `seconds`; returns operations and the latency of each single request. */
async function load(clients, operation) {
  const latencies = [];
  let operations = 0;
  const timed = async (body) => {
    const started = performance.now();
    await post(body);
    latencies.push(performance.now() - started);
  };
  const started = performance.now();
  const until = started + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        await operation(timed);
        operations++;
      }
    }),
  );
  latencies.sort((a, b) => a - b);
  return { rate: operations / ((performance.now() - started) / 1000), latencies };
}

function show(name, perSecond, latencies) {
  const [p50, p99] = [0.5, 0.99].map((share) => `${percentile(latencies, share).toFixed(1)} ms`);
  process.stdout.write(`| ${name} | ${Math.round(perSecond).toLocaleString('en')} | ${p50} | ${p99} |\n`);
}

const healthz = [];
const probe = setInterval(() => {
  const started = performance.now();
  fetch(new URL('/healthz', base)).then(async (reply) => {
    await reply.text();
    healthz.push(performance.now() - started);
  });
}, 50);

process.stdout.write(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0].model}, ${seconds} s each, client on the same machine\n\n`,
);
process.stdout.write(
  '| load (answered after commit, synchronous=FULL) | per second | p50 of a request | p99 |\n|---|--:|--:|--:|\n',
);
const batch = createPayload(100, 512);
await load(2, async (timed) => timed(batch.next()));
for (const clients of [4, 8, 16]) {
  const { rate, latencies } = await load(clients, async (timed) => timed(batch.next()));
  show(`spans, 100 a request of ${Math.round(batch.bytes / 100)} bytes, ${clients} clients`, rate * 100, latencies);
}
// The reference's flow is ten operations around one rollout; what of it concerns traces is 4 spans of 1 KB and the end.
const one = createPayload(1, 1024, { root: false });
const root = createPayload(1, 300);
const five = createPayload(5, 1024);
const flow = await load(32, async (timed) => {
  const trace = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
  for (let index = 0; index < 4; index++) await timed(one.next(trace));
  await timed(root.next(trace));
});
show('rollout flows: 4 requests with a 1 KB span each, then the root (reference: 38 to 57)', flow.rate, flow.latencies);
const exported = await load(32, async (timed) => timed(five.next()));
show('rollout flows: the same 5 spans in one request, as exporters batch them', exported.rate, exported.latencies);
clearInterval(probe);
healthz.sort((a, b) => a - b);
process.stdout.write(
  `\n/healthz meanwhile: p50 ${percentile(healthz, 0.5).toFixed(1)} ms, p99 ${percentile(healthz, 0.99).toFixed(1)} ms\n`,
);
server.kill();
await new Promise((resolve) => server.once('exit', resolve));
rmSync(folder, { recursive: true });
process.exit(0);
