// Memory over time: whole training runs, one after the other in one process and into one store, as a service would make them.
// Beside the resident memory (after a garbage collection) stands what it consists of: JavaScript's objects, the machine code that
// V8 makes of functions that run often, what V8 keeps of its heap beyond both, and the rest (the program, SQLite, buffers, threads).
// The simulated world remembers up to 5,000 clauses of prompts, some hundred bytes each; V8 goes on compiling for hundreds of runs,
// and its helper threads keep some MB each from the first large collections on. So the slopes leave the first half out, and fall
// with the length of the run: each is a least-squares line.
// npm run build && node --expose-gc bench/soak.js [minutes=5] [rollouts of a run=300]
import { fileURLToPath } from 'node:url';
import { getHeapSpaceStatistics } from 'node:v8';
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
console.log('minutes   runs   RSS MB   objects MB   code MB   rest of heap MB   other MB   handles');
let runs = 0;
let shownAt = 0;
while (minutes() < MINUTES) {
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    await runTraining({ config, results: folder, seed: runs, maxRollouts: ROLLOUTS, quiet: true });
  } finally {
    process.stdout.write = write;
  }
  runs++;
  globalThis.gc();
  const sample = { run: runs, minute: minutes(), ...memory() };
  samples.push(sample);
  if (minutes() - shownAt < MINUTES / 10) continue;
  shownAt = minutes();
  const { rss, objects, code, spare, other } = sample;
  const handles = process.getActiveResourcesInfo().length;
  console.log(
    [
      [shownAt.toFixed(1), 7],
      [runs, 5],
      [rss.toFixed(0), 7],
      [objects.toFixed(2), 11],
      [code.toFixed(2), 8],
      [spare.toFixed(1), 16],
      [other.toFixed(1), 9],
      [handles, 8],
    ]
      .map(([value, width]) => String(value).padStart(width))
      .join('  '),
  );
}

const settled = samples.filter(({ minute }) => minute >= minutes() / 2);
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
for (const [name, key] of [
  ['RSS', 'rss'],
  ['objects', 'objects'],
  ['code', 'code'],
  ['rest of the heap', 'spare'],
  ['other', 'other'],
]) {
  report(name, (sample) => sample[key]);
}
console.log('A slope from minutes is no proof for a day: what grows by less than its error is not seen.');

function memory() {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const spaces = getHeapSpaceStatistics();
  const codeUsed = spaces.reduce((sum, space) => sum + (/code/.test(space.space_name) ? space.space_used_size : 0), 0);
  return {
    rss: megabytes(rss),
    objects: megabytes(heapUsed - codeUsed),
    code: megabytes(codeUsed),
    spare: megabytes(heapTotal - heapUsed),
    other: megabytes(rss - heapTotal),
  };
}

function line(points) {
  const n = points.length;
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  const slope = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
  const rest = points.reduce((sum, point) => sum + (point[1] - y - slope * (point[0] - x)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / Math.max(1, n - 2) / spread) };
}
