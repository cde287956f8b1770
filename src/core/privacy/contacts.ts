import { isIban, luhn } from './checksums.ts';
import { type Detection, type Detector, matchRules, type PatternRule } from './detector.ts';

/** E-mail, phone, payment card, bank account, network addresses, and links that carry a token. From level 2 on. */
export const contactDetector: Detector = {
  name: 'contacts',
  level: 2,
  detect: (text) => [
    ...matchRules(text, WORD_RULES),
    ...(/\d/.test(text) ? [...matchRules(text, NUMBER_RULES), ...findIbans(text)] : []),
  ],
};

const WORD_RULES: readonly PatternRule[] = [
  {
    type: 'EMAIL',
    // Also with characters of no width in it, and with the sign of East Asian fonts.
    hint: /[@\uFF20]/,
    pattern:
      /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+'\u200B-\u200D\u2060\uFEFF-]{1,64}[@\uFF20](?:[\p{L}\p{N}\u200B-\u200D\u2060\uFEFF-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}-])/gu,
    score: 0.95,
  },
  // Percent-encoded in a link.
  {
    type: 'EMAIL',
    hint: /%40/,
    pattern: /(?<![\w.+-])[\w.+-]{1,64}%40(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}/g,
    score: 0.9,
  },
  {
    type: 'URL',
    hint: /https?:/i,
    pattern: /https?:\/\/[^\s"'<>]{1,4000}(?<![.,;:!?)\]}])/gi,
    score: 0.9,
    accept: carriesToken,
  },
  { type: 'IP_ADDRESS', hint: /:/, pattern: /(?<![\w:.])[0-9A-Fa-f:]{3,39}(?![\w:])/g, score: 0.8, accept: isIpv6 },
];

/** Each of these has a digit in it. */
const NUMBER_RULES: readonly PatternRule[] = [
  {
    type: 'CARD',
    pattern: /(?<![\d.])(?:\d[ -]?){12,18}\d(?![\d])/g,
    score: 0.92,
    accept: (value) => /^[2-6]/.test(value) && luhn(value.replace(/\D/g, '')) && !/^(\d)\1+$/.test(digitsOf(value)),
  },
  {
    type: 'IP_ADDRESS',
    pattern: /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\.?\d)/g,
    score: 0.8,
    // Loopback and "any" name no machine.
    accept: (value) => !/^(?:127\.|0\.0\.0\.0$|255\.255\.255\.255$)/.test(value),
  },
  {
    type: 'MAC_ADDRESS',
    pattern: /(?<![\w:-])(?:[0-9A-F]{2}[:-]){5}[0-9A-F]{2}(?![\w:-])/gi,
    score: 0.85,
  },
  // International, with plus or double zero.
  {
    type: 'PHONE',
    pattern: /(?<![\w+])(?:\+|00)[1-9](?:[ ()./-]{0,3}\d){6,14}(?![\w])/g,
    score: 0.8,
    accept: (value) => !isDate(value),
  },
  // North America: three, three, four.
  {
    type: 'PHONE',
    pattern: /(?<![\w.+-])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g,
    score: 0.7,
  },
  // National with a leading zero, grouped.
  {
    type: 'PHONE',
    pattern: /(?<![\w.+-])\(?0\d{1,5}\)?[ /-]{1,3}\d(?:[ ./-]?\d){4,10}(?![\w-])/g,
    score: 0.65,
    accept: (value) => digitsOf(value).length >= 8 && digitsOf(value).length <= 13 && !isDate(value),
  },
  // Any other number that the text calls a phone number.
  {
    type: 'PHONE',
    pattern: /(?<![\w.+-])\(?\d(?:[ ()./-]{0,2}\d){6,13}(?![\w])/g,
    score: 0.6,
    context:
      /(?:phone|tel|telefon|call me|mobile|handy|cell|whats ?app|fax|numéro|teléfono|sms|text me)\b[^\d\n]{0,25}$/i,
    accept: (value) => !isDate(value),
  },
];

const TOKEN_PARAMETER =
  /(?:token|key|sig|signature|secret|passw(?:or)?d|auth|credential|session|sid|code|jwt|otp|invite)/i;

/** A link that opens something for whoever holds it: a telling parameter in the query or the fragment. */
function carriesToken(link: string): boolean {
  const query = link.search(/[?#]/);
  if (query < 0) return false;
  return link
    .slice(query + 1)
    .split(/[&;?#]/)
    .some((pair) => {
      const equals = pair.indexOf('=');
      return equals > 0 && TOKEN_PARAMETER.test(pair.slice(0, equals)) && pair.length - equals > 4;
    });
}

function digitsOf(value: string): string {
  return value.replace(/\D/g, '');
}

function isDate(value: string): boolean {
  return /^\(?\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|^\(?\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b/.test(value);
}

/** Eight groups, or fewer around one `::`; loopback and "any" name no machine, and words such as `be::ad` are code. */
function isIpv6(value: string): boolean {
  const halves = value.split('::');
  if (halves.length > 2 || /:::/.test(value) || !/\d/.test(value)) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (groups.some((group) => !/^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  if (halves.length === 1) return groups.length === 8;
  return groups.length >= 2 && groups.length <= 7;
}

/** Lengths by country (ISO 13616 registry). */
const IBAN_LENGTHS: { readonly [country: string]: number } = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MR: 27,
  MT: 31,
  MU: 30,
  NL: 18,
  NO: 15,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  SA: 24,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
};

/** Read by hand: where the number ends is known only by its country, and the text may go on in capitals. */
function findIbans(text: string): readonly Detection[] {
  const found: Detection[] = [];
  for (const match of text.matchAll(/(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g)) {
    const length = IBAN_LENGTHS[match[0].slice(0, 2).toUpperCase()];
    if (length === undefined) continue;
    let compact = '';
    let at = match.index;
    for (; compact.length < length && at < text.length; at++) {
      const character = text[at] ?? '';
      if (/[A-Za-z0-9]/.test(character)) compact += character;
      else if (!(/[ -]/.test(character) && /[A-Za-z0-9]/.test(text[at - 1] ?? ''))) break;
    }
    if (compact.length === length && !/[A-Za-z0-9]/.test(text[at] ?? '') && isIban(compact)) {
      found.push({ type: 'IBAN', start: match.index, end: at, score: 0.95 });
    }
  }
  return found;
}
