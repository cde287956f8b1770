const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether brackets of a JSON text nest deeper than `limit`, without parsing it: JSON.parse takes seconds for millions of
 * nested lists. Strings are skipped; malformed text may give any answer.
 */
export function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
    else if (code === QUOTE) {
      at = endOfString(text, at);
      if (at < 0) return false;
    }
  }
  return false;
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
