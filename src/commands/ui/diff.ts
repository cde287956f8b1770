import { diffWordsWithSpace } from 'diff';
import pc from 'picocolors';

/** The change from one text to the other, word by word: removed words red, added ones green; plain markers without colour. */
export function diffWordsColored(before: string, after: string): string {
  return diffWordsWithSpace(before, after)
    .map(({ added, removed, value }) => {
      if (added === true) return pc.isColorSupported ? pc.green(value) : `{+${value}+}`;
      if (removed === true) return pc.isColorSupported ? pc.strikethrough(pc.red(value)) : `[-${value}-]`;
      return value;
    })
    .join('');
}
