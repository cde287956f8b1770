/**
 * Words of a text for comparing what texts are about: lower case, no stop words, endings cut so that "answers",
 * "answered" and "answering" are one word. Knows no language; foreign scripts are compared by their words as they are.
 */
export function wordsOf(text: string): ReadonlySet<string> {
  const words =
    text
      .toLowerCase()
      .normalize('NFKC')
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).map(stem));
}

function stem(word: string): string {
  if (word.length < 5 || /\d/.test(word)) return word;
  return word.replace(/(?:ations?|ings?|edly|ied|ies|ed|es|ly|s)$/, '');
}

const STOP_WORDS = new Set(
  (
    'a an and any are as at be been but by can could do does each every for from had has have if in into is it its may more must ' +
    'need never no not of on one only or other our out over own should so some such than that the their them then there these ' +
    'they this those to too up use used using was were what when where which while who why will with would you your always ' +
    'answer answers reply response respond write make sure give given include provide'
  ).split(' '),
);

/** How much a word tells, by how few texts have it (inverse document frequency, smoothed). */
export type Rarity = (word: string) => number;

export function createRarity(texts: readonly ReadonlySet<string>[]): Rarity {
  const counts = new Map<string, number>();
  for (const words of texts) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return (word) => Math.log((texts.length + 1) / ((counts.get(word) ?? 0) + 0.5)) + 0.1;
}

/** Rarity-weighted share of common words, 0..1 (a weighted Jaccard index). */
export function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>, rarity: Rarity): number {
  let common = 0;
  let all = 0;
  for (const word of a) {
    const weight = rarity(word);
    all += weight;
    if (b.has(word)) common += weight;
  }
  for (const word of b) if (!a.has(word)) all += rarity(word);
  return all === 0 ? 0 : common / all;
}
