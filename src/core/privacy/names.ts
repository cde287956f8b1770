import { type Detector, matchRules, type PatternRule } from './detector.ts';

/**
 * Names, places, organisations and dates of birth, as far as the words around them give them away. This is a heuristic
 * for a few languages, not a language model: a name that stands alone is not found. Who needs recall plugs in a detector
 * of their own.
 */
export const nameDetector: Detector = {
  name: 'names',
  level: 3,
  detect: (text) => matchRules(text, RULES),
};

/** A capitalised word, and up to three of them. */
const WORD = "\\p{Lu}[\\p{L}'’-]{1,30}";
const WORDS = `${WORD}(?: (?:(?:van|von|de|der|den|da|di|del|la|le|bin|al) ){0,2}${WORD}){0,2}`;
const DATE = '\\d{1,4}[-/. ]{1,2}(?:\\d{1,2}|[A-Za-z]{3,9})[-/., ]{1,2}\\d{2,4}|[A-Z][a-z]{2,8} \\d{1,2},? \\d{4}';

function after(introduction: string, type: string, value: string, score: number): PatternRule {
  return { type, pattern: new RegExp(`(?<![\\p{L}\\p{N}])(?:${introduction})(?<value>${value})`, 'gu'), score };
}

const RULES: readonly PatternRule[] = [
  after(
    "[Mm]y name(?: is|'s) |[Mm]y name’s |[Nn]ame: |[Mm]ein Name ist |[Ii]ch heiße |[Jj]e m'appelle |[Mm]e llamo |[Mm]i chiamo ",
    'PERSON',
    WORDS,
    0.8,
  ),
  after('(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Herrn|Monsieur|Madame|Señor|Señora|Sr|Sra)\\.? ', 'PERSON', WORDS, 0.75),
  after('(?:Dear|Hi|Hello|Hallo|Liebe|Lieber|Bonjour|Hola) ', 'PERSON', `${WORDS}(?=[,!\\n])`, 0.6),
  after("(?:[Tt]his is|I am|I'm|I’m|[Ss]igned,?|[Cc]ontact|[Aa]sk for|[Ss]peak to) ", 'PERSON', `${WORD} ${WORD}`, 0.6),
  after(
    '(?:[Rr]egards|[Ss]incerely|[Cc]heers|[Tt]hanks|Grüße|Grüßen|Cordialement|Saludos),?\\n{1,2}',
    'PERSON',
    WORDS,
    0.7,
  ),
  after('(?:live|lives|lived|living|based|located|wohne|wohnt|habite|vivo) (?:in|at|à|en) ', 'LOCATION', WORDS, 0.6),
  {
    type: 'LOCATION',
    pattern:
      /(?<![\p{L}\p{N}])\d{1,5}[A-Za-z]? (?:\p{Lu}[\p{L}'’.-]{1,30} ){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Boulevard|Blvd|Drive|Dr|Court|Ct|Way|Square|Place|Terrace)(?![\p{L}])/gu,
    score: 0.8,
  },
  {
    type: 'LOCATION',
    pattern:
      /(?<![\p{L}\p{N}])\p{Lu}[\p{L}-]{1,30}(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?(?![\p{L}\p{N}])/gu,
    score: 0.8,
  },
  {
    type: 'ORGANIZATION',
    pattern:
      /(?<![\p{L}\p{N}])(?:\p{Lu}[\p{L}\p{N}&'’-]{1,30} ){1,4}(?:Inc|LLC|Ltd|GmbH|AG|Corp|Corporation|PLC|BV|SARL|SpA|KG|Oy|AB)(?![\p{L}\p{N}])/gu,
    score: 0.7,
  },
  after('(?:[Bb]orn|[Bb]irth|DOB|[Bb]irthday|[Gg]eboren)(?: on| is| am|:)?:? ', 'BIRTH_DATE', DATE, 0.8),
  after('(?:[Dd]ate of [Bb]irth|[Gg]eburtsdatum)(?: is|:)? ', 'BIRTH_DATE', DATE, 0.85),
];
