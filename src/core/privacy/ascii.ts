/**
 * Decimal digits of any script in the basic plane, full-width letters and the signs of numbers and addresses (punctuation
 * stays: it is in every Chinese text), and the spaces and hyphens that word processors put into numbers.
 */
const FOREIGN =
  /(?![0-9])\p{Nd}|[\uff08-\uff0b\uff0d-\uff0f\uff20-\uff3a\uff3f\uff41-\uff5a\u00a0\u2002-\u200a\u202f\u3000\u2010-\u2013\u2212]/gu;

/** The text with such characters in ASCII; as long as before, so that positions are the same in both. */
export function inAscii(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text.replace(FOREIGN, (sign) => {
    if (sign.length > 1) return sign;
    if (/\p{Nd}/u.test(sign)) return String(digitOf(sign.charCodeAt(0)));
    const code = sign.charCodeAt(0);
    if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
    return /\s/.test(sign) ? ' ' : '-';
  });
}

/** Digits of a script follow each other, from zero on. */
function digitOf(code: number): number {
  let value = 0;
  while (value < 9 && /\p{Nd}/u.test(String.fromCharCode(code - value - 1))) value++;
  return value;
}
