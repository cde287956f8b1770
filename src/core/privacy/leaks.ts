import { detect } from './detect.ts';
import { DEFAULT_REDACTION, type RedactionLevel } from './detector.ts';

/** Something that a redaction of the level would remove. */
export type Leak = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  /** First and last characters with the middle hidden: enough to find it, not enough to use it. */
  readonly preview: string;
};

/** What is left in a text that is said to be redacted; empty when it is clean. Level 4 is checked as level 3. */
export function findLeaks(text: string, level: RedactionLevel = DEFAULT_REDACTION): readonly Leak[] {
  return detect(text, level).map(({ type, start, end }) => ({
    type,
    start,
    end,
    preview: mask(text.slice(start, end)),
  }));
}

function mask(value: string): string {
  return value.length < 8 ? '…' : `${value.slice(0, 2)}…${value.slice(-2)}`;
}
