// Exact expected test accuracy of prompts in a world.
//   npm run build && node bench/worlds/score.js FAMILY SEED [prompt file ...]
import { readFileSync } from 'node:fs';
import { bounds, createWorld, exactScore, FAMILY_NAMES, gainShare } from './referee.js';

const [family, seed, ...files] = process.argv.slice(2);
if (!FAMILY_NAMES.includes(family) || seed === undefined) {
  console.error(
    `usage: node bench/worlds/score.js FAMILY SEED [prompt file ...]\nfamilies: ${FAMILY_NAMES.join(', ')}`,
  );
  process.exitCode = 2;
} else {
  const world = createWorld(family, seed);
  const limits = bounds(world);
  row('start', limits.start, 0);
  for (const file of files) {
    const prompt = readFileSync(file, 'utf8');
    row(file, exactScore(world, prompt), gainShare(world, prompt, limits));
  }
  row('ceiling', limits.ceiling, 1);
}

function row(name, score, share) {
  const gain = share === undefined ? 'nothing to gain' : `${share.toFixed(3)} of the reachable gain`;
  console.log(`${name.padEnd(32)} ${score.toFixed(4)}  ${gain}`);
}
