const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Lists and objects in one request: those of 10,000 spans with 20 attributes each are half of that. */
const MAX_CONTAINERS = 1_000_000;

/**
 * Why a JSON text must not be parsed: it nests deeper than `maxDepth`, which takes JSON.parse seconds, or holds so many
 * lists and objects that a few megabytes of text become hundreds in memory. Strings are skipped; of malformed text any
 * answer may come.
 */
export function excessOf(text: string, maxDepth: number): string | undefined {
  let depth = 0;
  let containers = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) return `nested deeper than ${maxDepth} levels`;
      if (++containers > MAX_CONTAINERS) return `more than ${MAX_CONTAINERS} lists and objects`;
    } else if (code === 0x5d || code === 0x7d) depth--;
    else if (code === QUOTE) {
      at = endOfString(text, at);
      if (at < 0) return undefined;
    }
  }
  return undefined;
}

/** Position of the quote that closes the string which `start` opens; -1 when none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}
