// The reference's room selector through the command line over HTTP: 229 rollouts of two agent calls with one tool and one
// judge, and 16 optimizer calls, 703 calls in all, against a simulated model server of its own process.
// npm run build && node bench/room.js
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './folder.js';
import { startModelServer } from './model-server.js';

const CLI = resolve(import.meta.dirname, '../dist/cli.js');
const PEAK = `data:text/javascript,process.on('exit',()=>console.error('maxRSS',process.resourceUsage().maxRSS))`;
const CONFIG = {
  prompt: 'You choose a room for a meeting.',
  dataset: 'rooms.jsonl',
  tools: './tools.mjs',
  grader: 'llm',
  split: { val: 0.5 },
  algorithm: { use: 'beam', beamWidth: 2, branchFactor: 2, gradientBatch: 4, validationBatch: 10 },
  iterations: 2,
};
const TOOLS = `export default [{
  name: 'get_rooms_and_availability',
  description: 'All rooms with seats, equipment and free times.',
  parameters: { type: 'object', properties: { date: { type: 'string' }, time: { type: 'string' } }, required: ['date', 'time'] },
  execute: () => JSON.stringify(Array.from({ length: 7 }, (_, id) => ({ id: 'A' + id, seats: 4 + id, free: id % 2 === 0 }))),
}];
`;

console.log('server ms   concurrency   calls   rollouts   seconds   ideal s   ratio   peak RSS MB');
for (const [latencyMs, concurrency] of [
  [0, 8],
  [50, 8],
  [500, 64],
]) {
  const folder = temporaryFolder();
  const tasks = Array.from({ length: 58 }, (_, index) => ({
    id: `room-${index}`,
    input: `A room for ${2 + (index % 9)} people at ${8 + (index % 10)}:00 on day ${index}, with a whiteboard.`,
    expected: `A${index % 7}`,
  }));
  writeFileSync(join(folder, 'rooms.jsonl'), tasks.map((task) => JSON.stringify(task)).join('\n'));
  writeFileSync(join(folder, 'tools.mjs'), TOOLS);
  writeFileSync(join(folder, 'apo.yaml'), JSON.stringify(CONFIG));
  const server = await startModelServer({ latencyMs, tools: true });
  const began = performance.now();
  const { stdout, stderr, code } = await run(folder, server.url, concurrency);
  const seconds = (performance.now() - began) / 1000;
  const calls = await server.calls();
  server.close();
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  const { rollouts } = JSON.parse(stdout).usage;
  // What the calls alone would take, were every slot always in use.
  const ideal = (calls * latencyMs) / 1000 / concurrency;
  const peak = Number(/maxRSS (\d+)/.exec(stderr)?.[1]) / 1024;
  console.log(
    [
      [latencyMs, 9],
      [concurrency, 11],
      [calls, 5],
      [rollouts, 8],
      [seconds.toFixed(1), 7],
      [ideal.toFixed(1), 7],
      [ideal === 0 ? '-' : (seconds / ideal).toFixed(1), 5],
      [peak.toFixed(0), 11],
    ]
      .map(([value, width]) => String(value).padStart(width))
      .join('   '),
  );
}

function run(folder, url, concurrency) {
  return new Promise((done) => {
    const given = ['train', '--json', '--quiet', '--concurrency', String(concurrency)];
    const child = spawn(process.execPath, ['--import', PEAK, CLI, ...given], {
      cwd: folder,
      env: { PATH: process.env.PATH, OPENAI_BASE_URL: url },
    });
    const ended = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].on('data', (text) => {
        ended[name] += text;
      });
    }
    child.on('close', (code) => done({ ...ended, code }));
  });
}
