/** Words in a row that nobody writes twice by chance. */
const COPY_WORDS = 12;

/** Finds stretches of {@link COPY_WORDS} words that stand in a collection of texts, whatever the case and punctuation. */
export type CopyIndex = {
  /** The first copied stretch that does not stand in `own` too; undefined when there is none. */
  find(text: string, own: string): string | undefined;
};

/**
 * Built once, asked for each proposal: the hashes of all stretches of the texts. A hash has 53 bits, so among a hundred
 * million stretches a text of a thousand words is mistaken for a copy once in ninety thousand times.
 */
export function createCopyIndex(texts: Iterable<string>): CopyIndex {
  const known = new Set<number>();
  for (const text of texts) for (const { hash } of stretches(wordsOf(text), COPY_WORDS)) known.add(hash);

  return {
    find(text, own) {
      if (known.size === 0) return undefined;
      const mine = new Set<number>();
      for (const { hash } of stretches(wordsOf(own), COPY_WORDS)) mine.add(hash);
      const words = wordsOf(text);
      for (const { hash, start } of stretches(words, COPY_WORDS)) {
        if (known.has(hash) && !mine.has(hash)) return words.slice(start, start + COPY_WORDS).join(' ');
      }
      return undefined;
    },
  };
}

const WORD = /[\p{L}\p{N}]+/gu;

/** Without case and punctuation. */
export function wordsOf(text: string): readonly string[] {
  return text.normalize('NFKC').toLowerCase().match(WORD) ?? [];
}

/** Words; where writing has no spaces between them, characters. */
export function unitsOf(text: string): readonly string[] {
  const words = wordsOf(text);
  return UNSPACED.test(text) ? words.flatMap((word) => word.match(UNSPACED_UNITS) ?? []) : words;
}

const SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((name) => `\\p{Script=${name}}`)
  .join('');
const UNSPACED = new RegExp(`[${SCRIPTS}]`, 'u');
const UNSPACED_UNITS = new RegExp(`[${SCRIPTS}]|[^${SCRIPTS}]+`, 'gu');

const HIGH_BASE = 1_000_003;
const LOW_BASE = 16_777_619;

/**
 * All stretches of `length` words with their hashes. Two 32-bit polynomial hashes roll over the words; 53 of their bits fit
 * a number exactly.
 */
export function* stretches(
  words: readonly string[],
  length: number,
): Iterable<{ readonly hash: number; readonly start: number }> {
  const hashes = words.map(hashWord);
  const highOut = power(HIGH_BASE, length);
  const lowOut = power(LOW_BASE, length);
  let high = 0;
  let low = 0;
  for (let end = 0; end < hashes.length; end++) {
    const word = hashes[end] ?? 0;
    high = (Math.imul(high, HIGH_BASE) + word) | 0;
    low = (Math.imul(low, LOW_BASE) + Math.imul(word, 31)) | 0;
    const old = hashes[end - length];
    if (old !== undefined) {
      high = (high - Math.imul(old, highOut)) | 0;
      low = (low - Math.imul(Math.imul(old, 31), lowOut)) | 0;
    }
    if (end >= length - 1) yield { hash: (high >>> 0) * 2 ** 21 + ((low >>> 0) >>> 11), start: end - length + 1 };
  }
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let count = 0; count < exponent; count++) result = Math.imul(result, base);
  return result;
}

/** FNV-1a. */
function hashWord(word: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < word.length; index++) {
    hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
