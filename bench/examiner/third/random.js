// Randomness as a pure function of its key, and what words a sentence is made of.

/** @returns a generator of numbers in [0, 1) that depends on the key alone. */
export function randomOf(...key) {
  let state = 0x811c9dc5;
  for (const character of key.join('\u0001')) state = Math.imul(state ^ character.codePointAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const pick = (random, list) => list[Math.floor(random() * list.length)];
export const between = (random, low, high) => low + random() * (high - low);
export const whole = (random, low, high) => Math.floor(between(random, low, high + 1));

export function shuffled(random, list) {
  const left = [...list];
  const taken = [];
  while (left.length > 0) taken.push(...left.splice(Math.floor(random() * left.length), 1));
  return taken;
}

const STOP = new Set('a an the of to it is are be as in on at and or for with that this by its them they'.split(' '));

/** Stems of the words that carry meaning. */
export function stemsOf(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}.:+-]*/gu) ?? [];
  return words
    .map((word) => word.replace(/[.:+-]+$/, ''))
    .filter((word) => !STOP.has(word))
    .map((word) => (word.length > 3 ? word.replace(/(ing|ies|ed|es|s|e|y)$/, '') : word));
}

export const hasAll = (stems, phrase) => phrase.every((stem) => stems.has(stem));
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Sentences, bullets, headings and table rows of a prompt or a critique, without their marks. */
export function unitsOf(text) {
  return text
    .split('\n')
    .flatMap((line) => line.split(/(?<=[.!?])\s+(?=[\p{Lu}"“])/u))
    .map((raw) => ({ raw: raw.trim(), text: raw.replace(/^[\s\-*•>#]*(\d+[.)]\s+)?/, '').trim() }))
    .filter(({ text: bare }) => /\p{L}{2}/u.test(bare));
}
