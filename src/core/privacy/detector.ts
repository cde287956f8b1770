/**
 * What a redaction removes: 0 nothing, 1 secrets, 2 also structured personal data (the default for everything that
 * leaves the machine), 3 also names, places and dates of birth as far as they can be recognised, 4 all content.
 */
export const REDACTION_LEVELS = [0, 1, 2, 3, 4] as const;
export type RedactionLevel = (typeof REDACTION_LEVELS)[number];

export const DEFAULT_REDACTION: RedactionLevel = 2;

/** A stretch of a text that should not be shown. */
export type Detection = {
  /** Upper case, as in the placeholder: `EMAIL`, `SECRET`, `PERSON`. */
  readonly type: string;
  /** Offsets in UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
  /** 0..1: how sure the detector is. Where detections overlap, the surer one wins, then the longer one. */
  readonly score: number;
};

/** Finds one kind of sensitive text. Pure and linear in the length of the text, whatever the text is. */
export interface Detector {
  readonly name: string;
  /** The level from which on it is applied. */
  readonly level: 1 | 2 | 3;
  detect(text: string): readonly Detection[];
}

/** A detector of the user's own; it may ask a service. Whoever names one wants what it finds removed: from level 1 on. */
export interface OutsideDetector {
  readonly name: string;
  detect(text: string): readonly Detection[] | Promise<readonly Detection[]>;
}

/** One rule of a pattern table. The pattern is global; its group `value`, if it has one, is what is sensitive. */
export type PatternRule = {
  readonly type: string;
  readonly pattern: RegExp;
  /** Found in every text that the pattern matches, and much cheaper to look for. Not global. */
  readonly hint?: RegExp;
  readonly score: number;
  /** Checksum or plausibility; without it every match counts. */
  readonly accept?: (value: string) => boolean;
  /** One of these words has to stand shortly before the match. */
  readonly context?: RegExp;
};

/** How far before a match its context words may stand. */
export const CONTEXT_LENGTH = 40;

export function matchRules(text: string, rules: readonly PatternRule[]): readonly Detection[] {
  const found: Detection[] = [];
  for (const rule of rules) matchRule(text, rule, found);
  return found;
}

function matchRule(text: string, rule: PatternRule, found: Detection[]): void {
  const { type, pattern, hint, score, accept, context } = rule;
  if (hint !== undefined && !hint.test(text)) return;
  // Not matchAll, which copies the pattern: that costs more than most searches.
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const value = match.groups?.value ?? match[0];
    if (accept !== undefined && !accept(value)) continue;
    if (context !== undefined && !context.test(text.slice(Math.max(0, match.index - CONTEXT_LENGTH), match.index))) {
      continue;
    }
    // The value stands at the end of its match, after key, scheme or prefix.
    const start = match.index + match[0].lastIndexOf(value);
    found.push({ type, start, end: start + value.length, score });
  }
}
