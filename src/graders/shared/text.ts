/** Head and tail of a long text with a mark between, so that a prompt stays affordable; at most about `length`. */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor(length / 2);
  const mark = `\n[... ${text.length - 2 * half} characters left out ...]\n`;
  return wellFormed(`${text.slice(0, half)}${mark}${text.slice(-half)}`);
}

/** The first `length` characters, without half a character at the end. */
export function cutEnd(text: string, length: number): string {
  return text.length <= length ? text : wellFormed(text.slice(0, length));
}

/** Halves of surrogate pairs are not valid Unicode, and some servers reject them. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
