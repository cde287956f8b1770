// Durable OTLP ingest over HTTP: spans per second and latency, and the reference store's rollout flow.
// Run: npm run build && node bench/ingest.js [seconds]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from './folder.js';
import { createPayload } from './otlp-payload.js';

const seconds = Number(process.argv[2] ?? 10);
const folder = temporaryFolder();
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
const percentile = (values, share) => values[Math.min(values.length - 1, Math.floor(values.length * share))];

/** A client on its own connection, on plain sockets: Node's HTTP client costs as much as the server that is measured. */
async function createClient() {
  const socket = connect({ host: base.hostname, port: Number(base.port), noDelay: true });
  await once(socket, 'connect');
  const head = `POST /v1/traces HTTP/1.1\r\nhost: ${base.host}\r\ncontent-type: application/x-protobuf\r\ncontent-length: `;
  let settle = () => {};
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end < 0 || text.length < end + 4 + length) return;
    const status = text.slice(9, 12);
    text = '';
    settle(status);
  });
  socket.on('close', () => settle('closed'));
  return {
    post(body) {
      return new Promise((resolve, reject) => {
        settle = (status) => (status === '200' ? resolve() : reject(new Error(`status ${status}`)));
        socket.cork();
        socket.write(`${head}${body.length}\r\n\r\n`, 'latin1');
        socket.write(body);
        socket.uncork();
      });
    },
    close() {
      settle = () => {};
      socket.destroy();
    },
  };
}

/** `count` clients that repeat the operation for `seconds`; returns operations and the latency of each single request. */
async function load(count, operation) {
  const latencies = [];
  let operations = 0;
  const clients = await Promise.all(Array.from({ length: count }, createClient));
  const started = performance.now();
  const until = started + seconds * 1000;
  await Promise.all(
    clients.map(async ({ post }) => {
      const timed = async (body) => {
        const sent = performance.now();
        await post(body);
        latencies.push(performance.now() - sent);
      };
      while (performance.now() < until) {
        await operation(timed);
        operations++;
      }
    }),
  );
  const elapsed = (performance.now() - started) / 1000;
  for (const client of clients) client.close();
  latencies.sort((a, b) => a - b);
  return { rate: operations / elapsed, latencies };
}

/**
 * Requests at a fixed rate over `count` clients, as exporters send them: a client that waits does not slow the others down.
 * Latency counts from the moment at which a request was due, so that a stall is seen by everything behind it.
 */
async function paced(count, perSecond, next) {
  const latencies = [];
  const clients = await Promise.all(Array.from({ length: count }, createClient));
  const started = performance.now();
  let slot = 0;
  const total = perSecond * seconds;
  await Promise.all(
    clients.map(async ({ post }) => {
      while (slot < total) {
        const due = started + (slot++ * 1000) / perSecond;
        const early = due - performance.now();
        if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
        await post(next());
        latencies.push(performance.now() - due);
      }
    }),
  );
  const elapsed = (performance.now() - started) / 1000;
  for (const client of clients) client.close();
  latencies.sort((a, b) => a - b);
  return { rate: total / elapsed, latencies };
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
  '| load (answered after the flush to disk) | per second | p50 of a request | p99 |\n|---|--:|--:|--:|\n',
);
const batch = createPayload(100, 512);
await load(2, async (timed) => timed(batch.next()));
for (const clients of [16, 64]) {
  const { rate, latencies } = await paced(clients, 100, () => batch.next());
  show(`spans, 100 a request, offered at 10,000 a second by ${clients} clients`, rate * 100, latencies);
}
for (const clients of [4, 8, 16]) {
  const { rate, latencies } = await load(clients, async (timed) => timed(batch.next()));
  show(`spans, 100 a request of ${Math.round(batch.bytes / 100)} bytes, ${clients} clients`, rate * 100, latencies);
}
// The reference's flow is ten operations around one rollout; what of it concerns traces is 4 spans of 1 KB and the end.
const one = createPayload(1, 1024, { root: false });
const root = createPayload(1, 300);
const five = createPayload(5, 1024);
for (const clients of [32, 128, 256]) {
  const flow = await load(clients, async (timed) => {
    const trace = Buffer.from(crypto.getRandomValues(new Uint8Array(16)));
    for (let index = 0; index < 4; index++) await timed(one.next(trace));
    await timed(root.next(trace));
  });
  const name = `rollout flows: 4 requests with a 1 KB span each, then the root, ${clients} clients`;
  show(clients === 32 ? `${name} (reference: 38 to 57)` : name, flow.rate, flow.latencies);
}
const exported = await load(32, async (timed) => timed(five.next()));
show('rollout flows: the same 5 spans in one request, as exporters batch them', exported.rate, exported.latencies);
clearInterval(probe);
healthz.sort((a, b) => a - b);
process.stdout.write(
  `\n/healthz meanwhile: p50 ${percentile(healthz, 0.5).toFixed(1)} ms, p99 ${percentile(healthz, 0.99).toFixed(1)} ms\n`,
);
server.kill();
await new Promise((resolve) => server.once('exit', resolve));
process.exit(0);
