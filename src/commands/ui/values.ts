import { InvalidArgumentError } from 'commander';
import { DIFFICULTIES, type Difficulty } from '../../core/task.ts';

/*
 * What the value of a flag may be, one reader for each kind. commander names the flag and the value in front of what these
 * throw, and the command ends with exit code 2.
 */

/** `least` and `most` are allowed themselves, `above` and `below` are not. */
type Range = { readonly least?: number; readonly above?: number; readonly most?: number; readonly below?: number };

const WORDS: { readonly [end in keyof Range]-?: string } = {
  least: 'of at least',
  above: 'above',
  most: 'at most',
  below: 'below',
};

export function number(range: Range = {}): (value: string) => number {
  return numeric('number', Number.isFinite, range);
}

export function wholeNumber(range: Range = {}): (value: string) => number {
  return numeric('whole number', Number.isSafeInteger, range);
}

function numeric(kind: string, isOne: (value: number) => boolean, range: Range): (value: string) => number {
  const { least = Number.NEGATIVE_INFINITY, above = Number.NEGATIVE_INFINITY } = range;
  const { most = Number.POSITIVE_INFINITY, below = Number.POSITIVE_INFINITY } = range;
  const ends = Object.entries(range).map(([end, at]) => `${WORDS[end as keyof Range]} ${at}`);
  return (value) => {
    const given = value.trim() === '' ? Number.NaN : Number(value);
    if (isOne(given) && given >= least && given > above && given <= most && given < below) return given;
    throw new InvalidArgumentError(`must be a ${[kind, ends.join(' and ')].join(' ').trim()}.`);
  };
}

export const days = number({ least: 0 });
/** A score, or a share of something. */
export const share = number({ least: 0, most: 1 });

/** One of some names or numbers. */
export function oneOf<T extends string | number>(values: readonly T[]): (value: string) => T {
  return (value) => {
    const known = values.find((one) => String(one) === value);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`must be one of ${values.join(', ')}.`);
  };
}

/** For flags that may be repeated or hold several values, separated by commas. */
export function list(value: string, previous: string[] = []): string[] {
  return [...previous, ...value.split(',').map((part) => part.trim())].filter(Boolean);
}

/** The same for difficulties, in any capitals. */
export function difficulties(value: string, previous: Difficulty[] = []): Difficulty[] {
  const levels = list(value.toLowerCase());
  const unknown = levels.find((level) => !(DIFFICULTIES as readonly string[]).includes(level));
  if (unknown !== undefined) throw new InvalidArgumentError(`must be of ${DIFFICULTIES.join(', ')}.`);
  return [...previous, ...(levels as Difficulty[])];
}
