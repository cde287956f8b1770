/** Quotes, brackets and Markdown emphasis on both ends; not `-`, `+`, `.`, `#` or `%`, which carry meaning in front. */
const LEADING = /^[\s"'`“”„«»‘’‚‹›*_([{¿¡]+/u;
const TRAILING = /[\s"'`“”„«»‘’‚‹›*_)\]}.,;:!?…。！？、，]+$/u;

/**
 * Equal texts in the eyes of a reader: Unicode NFKC, lower case, white space collapsed, punctuation at the ends removed
 * (unless nothing would be left).
 */
export function normalise(text: string): string {
  const plain = text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();
  const stripped = stripEnd(plain.replace(LEADING, ''));
  return stripped === '' ? plain : stripped;
}

/** By hand, because an anchored-at-the-end pattern retries from every start: quadratic on `"((((…x"`. */
function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.test(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
