/** Keeps head and tail of a long text and says how much is missing between them; at most about `length` characters. */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const half = Math.floor(length / 2);
  const mark = `\n[... ${text.length - 2 * half} characters left out ...]\n`;
  // Halves of surrogate pairs are not valid Unicode, and some servers reject them.
  return `${text.slice(0, half)}${mark}${text.slice(-half)}`.toWellFormed();
}

/** The first `length` characters, without half a character at the end. */
export function cutEnd(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).toWellFormed();
}
