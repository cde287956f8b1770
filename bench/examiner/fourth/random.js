// A counter-based source of chance: the same key gives the same numbers.
import { createHash } from 'node:crypto';
export function rng(...key) {
  const seed = createHash('sha256').update(key.join('|')).digest();
  let a = seed.readUInt32LE(0),
    b = seed.readUInt32LE(4),
    c = seed.readUInt32LE(8),
    d = 1;
  const next = () => {
    const t = (a + b + d++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    c |= 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  const r = {
    next,
    int: (lo, hi) => lo + Math.floor(next() * (hi - lo + 1)),
    pick: (xs) => xs[Math.floor(next() * xs.length)],
    chance: (p) => next() < p,
    shuffle: (xs) => {
      const o = [...xs];
      for (let i = o.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [o[i], o[j]] = [o[j], o[i]];
      }
      return o;
    },
  };
  return r;
}
