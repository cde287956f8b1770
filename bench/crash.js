// Crash points of a whole training run: dies at the n-th request, after the n-th reply and at every STRIDE-th change of the
// disk, n = 1, 2, 3 ... until a run ends untouched; each is resumed and compared with a run that never died.
// npm run build && node bench/crash.js [stride=25]
import { CONCURRENCY, crashOnce, runBaseline, startDeadlyProvider } from '../tests/helpers/crash.js';
import { temporaryFolder } from './folder.js';

process.env.TMPDIR = temporaryFolder();
const STRIDE = Number(process.argv[2] ?? 25);
const provider = await startDeadlyProvider();
const baseline = await runBaseline(provider);
console.log(`baseline: ${baseline.requests} calls, concurrency ${CONCURRENCY}`);
console.log('crash points   passed   same result   most calls sent again   seconds   point');

let failed = 0;
for (const [phase, stride, depth] of [
  ['request', 1, 0],
  ['reply', 1, 0],
  ['disk', STRIDE, 0],
  ['request', 5, 10],
]) {
  const began = performance.now();
  const tally = { points: 0, passed: 0, same: 0, resent: 0 };
  for (let at = 1; ; at += stride) {
    // Nested: ten resumptions die as well, each one request further on.
    const again = Array.from({ length: depth }, (_, index) => ({ phase, at: 1 + (index % 3) }));
    const crash = await crashOnce(provider, { phase, at }, { again });
    if (crash === undefined) break;
    tally.points++;
    const same = crash.result === baseline.result && crash.file === baseline.result;
    const resent = crash.requests - baseline.requests;
    tally.same += same ? 1 : 0;
    tally.resent = Math.max(tally.resent, resent);
    if (same && resent <= CONCURRENCY * crash.kills) tally.passed++;
    else
      console.log(`  FAILED at ${phase} ${at}: exit ${crash.code}, ${resent} sent again ${crash.stderr.slice(0, 300)}`);
  }
  failed += tally.points - tally.passed;
  const name = `${phase}${stride > 1 ? `, every ${stride}th` : ''}${depth > 0 ? `, killed up to ${depth} times again` : ''}`;
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `${String(tally.points).padStart(12)}   ${String(tally.passed).padStart(6)}   ${String(tally.same).padStart(11)}   ${String(tally.resent).padStart(21)}   ${seconds.padStart(7)}   ${name}`,
  );
}
await provider.close();
process.exitCode = failed === 0 ? 0 : 1;
