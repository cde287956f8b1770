import { parseJson } from '../json.ts';
import { inAscii } from './ascii.ts';
import { DETECTORS, detect, PLACEHOLDER, settle } from './detect.ts';
import { CONTEXT_LENGTH, type Detection, type Detector, type RedactionLevel } from './detector.ts';
import { type Leaf, mapJsonLeaves } from './json-text.ts';
import { isSecretMember } from './secrets.ts';

/**
 * Redacts the texts of one conversation. One value gets one placeholder wherever it occurs, so who is who stays
 * readable; the mapping lives only as long as the redactor. Redacting twice changes nothing.
 */
export type Redactor = {
  readonly level: RedactionLevel;
  /** Prose. */
  text(text: string): string;
  /** Text that may be JSON, such as tool arguments and results: valid JSON stays valid JSON. */
  value(text: string): string;
  /** Reads texts ahead: names found in one place are then known in all, and placeholders in use are not given again. */
  learn(texts: readonly string[], known?: readonly KnownValue[]): void;
};

/** A value that another detector found. */
export type KnownValue = { readonly type: string; readonly value: string };

/** Text can only shrink between rounds, see {@link createRedactor}; more rounds than this need a hostile text. */
const MAX_ROUNDS = 32;

export function createRedactor(level: RedactionLevel, detectors: readonly Detector[] = DETECTORS): Redactor {
  const numbers = new Map<string, string>();
  const counters = new Map<string, number>();
  const known = new Map<string, KnownValue>();

  function placeholder(type: string, value: string): string {
    const key = keyOf(type, value);
    const given = numbers.get(key);
    if (given !== undefined) return given;
    const number = (counters.get(type) ?? 0) + 1;
    counters.set(type, number);
    const made = `<${type}_${number}>`;
    numbers.set(key, made);
    return made;
  }

  function reserve(text: string): void {
    for (const [used] of text.matchAll(PLACEHOLDER)) {
      const end = used.lastIndexOf('_');
      const type = used.slice(1, end);
      counters.set(type, Math.max(counters.get(type) ?? 0, Number(used.slice(end + 1, -1))));
    }
  }

  function findAll(text: string, before: string): readonly Detection[] {
    const found = detectAfter(before, text);
    if (known.size === 0) return found;
    return settle([...found, ...[...known.values()].flatMap((value) => occurrences(text, value))], text);
  }

  /** Where the name of a JSON member says what its value is, it stands before the value like a word in prose. */
  function detectAfter(before: string, text: string): readonly Detection[] {
    if (before === '') return detect(text, level, detectors);
    return detect(before + text, level, detectors)
      .filter(({ start }) => start >= before.length)
      .map((found) => ({ ...found, start: found.start - before.length, end: found.end - before.length }));
  }

  // A replacement can bring to light what its neighbour hid, so it goes on until nothing is left: that is what makes
  // a second redaction a no-op. Placeholders are never part of a detection, so every round leaves less to find.
  function prose(text: string, before = ''): string {
    let current = text;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const found = findAll(current, before);
      if (found.length === 0) return current;
      if (round === 0) reserve(current);
      current = replaceAll(current, found, placeholder);
    }
    return current;
  }

  function leaf({ value, name, key, number }: Leaf): string {
    if (number) return value.length < 9 ? value : prose(value, labelOf(name));
    if (!key && value.search(PLACEHOLDER) < 0 && isSecretMember(name, value)) return placeholder('SECRET', value);
    return key ? prose(value) : anything(value, DIGIT.test(value) ? labelOf(name) : '');
  }

  function anything(text: string, before = ''): string {
    return isJsonContainer(text) ? mapJsonLeaves(text, leaf) : prose(text, before);
  }

  /** What is seen for what it is wherever it stands need not be remembered. */
  function isFoundAlone(type: string, value: string): boolean {
    return detect(value, level, detectors).some(
      (found) => found.type === type && found.end - found.start === value.length,
    );
  }

  if (level === 0) return { level, text: same, value: same, learn: () => undefined };
  if (level === 4) return { level, text: shape, value: shapeOfValue, learn: () => undefined };
  return {
    level,
    text: (text) => prose(text),
    value: (text) => anything(text),
    learn(texts, values = []) {
      for (const text of texts) reserve(text);
      for (const value of values) remember(known, value);
      for (const text of texts) {
        for (const { type, start, end } of detect(text, level, detectors)) {
          const value = text.slice(start, end);
          if (type === 'PERSON' || (value.length >= MIN_KNOWN && !isFoundAlone(type, value)))
            remember(known, { type, value });
        }
      }
    },
  };
}

/** Shorter values found by the words beside them are words of the language too often. */
const MIN_KNOWN = 8;
const DIGIT = /\d/;

/** `taxNumber` and `tax_number` as the words before a number: `tax number: `. */
function labelOf(name: string): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[^\p{L}]+/gu, ' ');
  return /\p{L}/u.test(words) ? `${words.slice(-CONTEXT_LENGTH + 2)}: ` : '';
}

function remember(known: Map<string, KnownValue>, value: KnownValue): void {
  if (value.value.trim().length >= 2 && !isPlaceholder(value.value)) known.set(value.value, value);
}

function replaceAll(
  text: string,
  found: readonly Detection[],
  placeholder: (type: string, value: string) => string,
): string {
  const parts: string[] = [];
  let written = 0;
  for (const { type, start, end } of found) {
    parts.push(text.slice(written, start), placeholder(type, text.slice(start, end)));
    written = end;
  }
  parts.push(text.slice(written));
  return parts.join('');
}

/** Writings of one address or number are one value, and so is a number that looks like another kind elsewhere. */
function keyOf(type: string, value: string): string {
  if (type === 'EMAIL') return `${type} ${inAscii(value).toLowerCase().replace('%40', '@')}`;
  if (type === 'PHONE' || type === 'CARD' || type === 'NATIONAL_ID' || type === 'IBAN') {
    return `number ${inAscii(value)
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, '')}`;
  }
  return `${type} ${value}`;
}

function occurrences(text: string, { type, value }: KnownValue): readonly Detection[] {
  const found: Detection[] = [];
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length)) {
    const end = at + value.length;
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[end])) found.push({ type, start: at, end, score: 0.7 });
  }
  return found;
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}

function isPlaceholder(text: string): boolean {
  return text.replace(PLACEHOLDER, '') === '' && text !== '';
}

function isJsonContainer(text: string): boolean {
  return /^\s*[{[]/.test(text) && parseJson(text).ok;
}

function same(text: string): string {
  return text;
}

const SHAPE = /^<(?:TEXT:\d+|NUMBER)>$/;

/** Level 4: how long a text was, and nothing else. */
function shape(text: string): string {
  return text === '' || SHAPE.test(text) ? text : `<TEXT:${text.length}>`;
}

function shapeOfValue(text: string): string {
  if (!isJsonContainer(text)) return shape(text);
  return mapJsonLeaves(text, ({ value, key, number }) => (key ? value : number ? '<NUMBER>' : shape(value)));
}
