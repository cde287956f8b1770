import { inAscii } from './ascii.ts';
import { contactDetector } from './contacts.ts';
import type { Detection, Detector, RedactionLevel } from './detector.ts';
import { identifierDetector } from './identifiers.ts';
import { nameDetector } from './names.ts';
import { secretDetector } from './secrets.ts';

export const DETECTORS: readonly Detector[] = [secretDetector, contactDetector, identifierDetector, nameDetector];

/** Numbers and addresses in other scripts' digits and in full width are the same numbers and addresses. */
const FOLDED: ReadonlySet<Detector> = new Set([contactDetector, identifierDetector]);

/** What redaction leaves behind: `<EMAIL_1>`. */
export const PLACEHOLDER = /<[A-Z][A-Z_]{1,30}_\d{1,7}>/g;

/** Long runs of encoded bytes: digits in them mean nothing. Secrets have their own shapes and are found there too. */
const ENCODED = /[A-Za-z0-9+/=_-]{200,}/g;

/**
 * Everything that the level removes, without overlaps, by position. Placeholders of an earlier redaction are never
 * touched.
 */
export function detect(
  text: string,
  level: RedactionLevel,
  detectors: readonly Detector[] = DETECTORS,
): readonly Detection[] {
  const plain = inAscii(text);
  const found = detectors
    .filter((detector) => detector.level <= level)
    .flatMap((detector) => {
      const given = detector.detect(text);
      // Only our own detectors promise positions that fit both spellings.
      return plain !== text && FOLDED.has(detector) ? [...given, ...detector.detect(plain)] : given;
    });
  return found.length === 0 ? found : settle(found, text);
}

/** Drops what may not be touched, and decides between detections that overlap: by score, then length. */
export function settle(found: readonly Detection[], text: string): readonly Detection[] {
  const placeholders = rangesOf(text, PLACEHOLDER);
  const encoded = rangesOf(text, ENCODED);
  const ranked = found
    .filter((detection) => !overlapsAny(detection, placeholders))
    .filter((detection) => detection.type === 'SECRET' || !overlapsAny(detection, encoded))
    .sort((a, b) => b.score - a.score || b.end - b.start - (a.end - a.start) || a.start - b.start);
  return withoutOverlaps(ranked).sort((a, b) => a.start - b.start);
}

type Range = { readonly start: number; readonly end: number };

function rangesOf(text: string, pattern: RegExp): readonly Range[] {
  return [...text.matchAll(pattern)].map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

/** The ranges are sorted and do not overlap each other. */
function overlapsAny(range: Range, ranges: readonly Range[]): boolean {
  return (ranges[placeOf(range, ranges)]?.start ?? Number.POSITIVE_INFINITY) < range.end;
}

/** Index of the first range that ends behind the start of this one, by bisection. */
function placeOf({ start }: Range, ranges: readonly Range[]): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0) > start) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Keeps each detection that does not touch a better one. The kept ones stay sorted, so that each look-up is fast. */
function withoutOverlaps(ranked: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const detection of ranked) {
    if (!overlapsAny(detection, kept)) kept.splice(placeOf(detection, kept), 0, detection);
  }
  return kept;
}
