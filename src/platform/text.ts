import { HIDDEN_CHARACTERS } from '../core/unicode.ts';

/**
 * Makes foreign text safe to show on a terminal: control characters (all of C0 but \n and \t, DEL, C1), escape sequences,
 * bidirectional controls, zero-width and tag characters become visible `\u{..}` escapes, so that nothing is hidden.
 */
export function terminalSafe(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(HOSTILE, (character, at: number, whole: string) =>
      JOINERS.test(character) && joins(whole, at) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
    );
}

const JOINERS = /[\u200c\u200d]/;

/** Persian, Hindi and others are spelled with joiners between their letters, and emoji are put together with them. */
function joins(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 4), at);
  const after = text.slice(at + 1, at + 3);
  return (JOINING_END.test(before) && JOINING_START.test(after)) || (EMOJI_END.test(before) && EMOJI_START.test(after));
}

const JOINING =
  '[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}\\p{Script=Sinhala}\\p{Script=Khmer}]';
const JOINING_END = new RegExp(`${JOINING}$`, 'u');
const JOINING_START = new RegExp(`^${JOINING}`, 'u');
const EMOJI_END = /\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?$/u;
const EMOJI_START = /^\p{Extended_Pictographic}/u;

const HOSTILE = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f${HIDDEN_CHARACTERS}]`, 'gu');

/** `1 task`, `2 tasks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** First line-ish part of a text for one-line displays; cut at whole characters. */
export function ellipsis(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= length) return line;
  const characters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(line)];
  if (characters.length <= length) return line;
  return `${characters
    .slice(0, length - 1)
    .map(({ segment }) => segment)
    .join('')}…`;
}

/** What a spreadsheet takes for the start of a formula (ASVS 1.2.10), full-width forms included. */
const FORMULA_LEAD = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

const CONTROLS = /[^\P{Cc}\t\n\r]/gu;

/**
 * One cell of a CSV file (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe in front, which
 * spreadsheets hide; numbers given as numbers stay numbers. Control characters but tab and line ends are dropped: readers stop
 * at null, and a terminal that shows the file obeys the others.
 */
export function csvCell(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = value.replace(CONTROLS, '');
  const safe = FORMULA_LEAD.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Foreign text as Markdown that shows it as it is: no links, images, HTML, code, headings or tables come out of it, and
 * nothing is fetched when it is rendered. One line for tables and lists; line breaks become spaces.
 */
export function markdownSafe(text: string): string {
  return terminalSafe(text)
    .replaceAll('&', '&amp;')
    .replace(/[\\`*_{}[\]<>()#|~!$]/g, (character) => `\\${character}`)
    .replace(/\s+/g, ' ')
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/^[=+-]/, (character) => `\\${character}`)
    .replaceAll('://', '&#58;//')
    .replace(/\bwww\./gi, (match) => match.replace('.', '&#46;'))
    .replaceAll('@', '&#64;');
}
