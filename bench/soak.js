// Memory over time: whole training runs, one after the other in one process and into one store, as a service would make them.
// The simulated world remembers up to 5,000 clauses of prompts, so the first runs grow by some MB.
// The slope is a least-squares line through the resident memory after garbage collection, without the first third (warm-up).
// npm run build && node --expose-gc bench/soak.js [minutes=5] [rollouts of a run=300]
import { fileURLToPath } from 'node:url';
import { runTraining } from '../dist/commands/train/run.js';
import { temporaryFolder } from './folder.js';

const MINUTES = Number(process.argv[2] ?? 5);
const ROLLOUTS = Number(process.argv[3] ?? 300);
if (globalThis.gc === undefined) throw new Error('run it with node --expose-gc');
const folder = temporaryFolder();
const config = fileURLToPath(new URL('../config/quickstart.yaml', import.meta.url));
const megabytes = (bytes) => bytes / 2 ** 20;

const samples = [];
const began = performance.now();
const minutes = () => (performance.now() - began) / 60_000;
console.log('minutes   runs   RSS MB   heap MB   handles');
let runs = 0;
let shownAt = 0;
while (minutes() < MINUTES) {
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    await runTraining({ config, results: folder, seed: runs, maxRollouts: ROLLOUTS, quiet: true, json: true });
  } finally {
    process.stdout.write = write;
  }
  runs++;
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  samples.push({ run: runs, minute: minutes(), rss: megabytes(rss), heap: megabytes(heapUsed) });
  if (minutes() - shownAt < MINUTES / 10) continue;
  shownAt = minutes();
  const cells = [shownAt.toFixed(1), runs, megabytes(rss).toFixed(0), megabytes(heapUsed).toFixed(1)];
  const [time, count, resident, heap] = cells.map((cell, at) => String(cell).padStart([7, 5, 7, 8][at]));
  console.log(
    `${time}  ${count}  ${resident}  ${heap}   ${String(process.getActiveResourcesInfo().length).padStart(7)}`,
  );
}

const settled = samples.filter(({ minute }) => minute >= minutes() / 3);
const report = (name, of) => {
  const { slope, error } = line(settled.map((sample) => [sample.minute / 60, of(sample)]));
  const perRun = line(settled.map((sample) => [sample.run, of(sample) * 1024])).slope;
  console.log(
    `${name}: ${slope.toFixed(1)} MB per hour (standard error ${error.toFixed(1)}), ${perRun.toFixed(1)} KB per run`,
  );
};
console.log(
  `\n${minutes().toFixed(1)} minutes, ${runs} runs of ${ROLLOUTS} rollouts; the slope is of the last ${settled.length}`,
);
report('RSS', ({ rss }) => rss);
report('heap', ({ heap }) => heap);
console.log('A slope from minutes is no proof for a day: what grows by less than its error is not seen.');

function line(points) {
  const n = points.length;
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
  const rest = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / Math.max(1, n - 2) / spread) };
}
