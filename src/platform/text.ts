/**
 * Makes foreign text safe to show on a terminal: control characters (all of C0 but \n and \t, DEL, C1), escape sequences,
 * bidirectional controls, zero-width and tag characters become visible `\u{..}` escapes, so that nothing is hidden.
 */
export function terminalSafe(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(HOSTILE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const HOSTILE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: naming control characters is the purpose
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** First line-ish part of a text for one-line displays; cut at whole characters. */
export function ellipsis(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(line)];
  if (characters.length <= length) return line;
  return `${characters
    .slice(0, length - 1)
    .map(({ segment }) => segment)
    .join('')}…`;
}
