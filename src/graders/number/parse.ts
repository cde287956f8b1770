import { type Unit, unitOf } from './units.ts';

/** Which character separates decimals; `auto` decides by position, and reads the ambiguous `1,234` as 1234. */
export type DecimalMark = 'auto' | '.' | ',';

export type Quantity = { readonly value: number; readonly unit: Unit | undefined };

/** A sign only where it cannot be a dash; digits with separators between them; a fraction or an exponent. */
const NUMBER =
  /(?<![\p{L}\p{N}_])(?:(?<![)\]%])(?<sign>[-+]))?(?:(?<before>[$€£¥₹]|(?:USD|EUR|GBP|JPY|CHF|INR)\b)\s?(?<inner>-)?)?(?<digits>(?:\d+(?:[.,'’_\u00a0\u2009\u202f]\d+)*|\.\d+))(?:\/(?<divisor>\d+)(?![/\d])|[eE](?<exponent>[-+]?\d{1,3})(?!\d))?/gu;

const AFTER =
  /^\s?(?<scale>thousand|million|billion|trillion|k(?![\p{L}/]))?\s?(?<unit>%|‰|°\p{L}?|[$€£¥₹]|\p{L}+(?:\/\p{L})?)?/u;

const SCALES: { readonly [word: string]: number } = {
  k: 1e3,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};

/** All numbers of a text in order, with the units that stand before or after them. */
export function quantitiesIn(text: string, decimal: DecimalMark): readonly Quantity[] {
  const plain = plainDigits(text, decimal);
  const found: Quantity[] = [];
  for (const match of plain.matchAll(NUMBER)) {
    const { sign, before, inner, digits, divisor, exponent } = match.groups ?? {};
    const after = AFTER.exec(plain.slice(match.index + match[0].length, match.index + match[0].length + 40))?.groups;
    const factor =
      (sign === '-' || inner === '-' ? -1 : 1) *
      (SCALES[after?.scale ?? ''] ?? 1) *
      (exponent === undefined ? 1 : 10 ** Number(exponent));
    for (const number of valuesOf(digits ?? '', decimal)) {
      const value = (factor * number) / (divisor === undefined ? 1 : Number(divisor));
      if (Number.isFinite(value)) found.push({ value, unit: unitOf(after?.unit ?? '') ?? unitOf(before ?? '') });
    }
  }
  return found;
}

/** Other digits and minus signs as ASCII, LaTeX fractions as `a/b`, spaces between groups of three as one number. */
function plainDigits(text: string, decimal: DecimalMark): string {
  const plain = text
    .replace(/[\u2212\ufe63\uff0d]/g, '-')
    .replace(/[０-９]/g, (digit) => String(digit.charCodeAt(0) - 0xff10))
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/\\[dt]?frac\{(-?\d{1,15})\}\{(\d{1,15})\}/g, ' $1/$2 ');
  if (decimal === ',') return plain.replace(/(?<=\d) (?=\d{3}(?!\d))/g, '\u00a0');
  if (decimal === '.') return plain;
  // Only a decimal comma tells that `1 234,50` is one number; `1 234` may be two.
  return plain.replace(/(?<![\d.,])\d{1,3}(?: \d{3}){1,5}(?=,\d{1,2}(?![\d,]))/g, (group) =>
    group.replaceAll(' ', '\u00a0'),
  );
}

/** The value of digits with separators; several for a list such as `1,2,3`, none for a version or date. */
function valuesOf(digits: string, decimal: DecimalMark): readonly number[] {
  const run = digits.replace(/['’_\u00a0\u2009\u202f]/g, '');
  const dots = run.split('.').length - 1;
  const commas = run.split(',').length - 1;
  if (dots === 0 && commas === 0) return [Number(run)];
  if (dots > 0 && commas > 0) {
    const mark = run.lastIndexOf('.') > run.lastIndexOf(',') ? '.' : ',';
    return (mark === '.' ? dots : commas) === 1 ? [asDecimal(run, mark)] : [];
  }
  const mark = dots > 0 ? '.' : ',';
  const isGrouped = /^[1-9]\d{0,2}(?:[.,]\d{2,3})*[.,]\d{3}$/.test(run);
  if (dots + commas > 1) {
    if (isGrouped) return [Number(run.replaceAll(mark, ''))];
    return mark === ',' ? run.split(',').map(Number) : [];
  }
  const isThousands = isGrouped && (decimal === 'auto' ? mark === ',' : mark !== decimal);
  return [isThousands ? Number(run.replace(mark, '')) : asDecimal(run, mark)];
}

function asDecimal(run: string, mark: '.' | ','): number {
  const other = mark === '.' ? ',' : '.';
  return Number(run.replaceAll(other, '').replace(mark, '.'));
}
