const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Times that a column may have been encoded: agno v2 encodes twice, a migration may have done it once more. */
const MAX_ENCODINGS = 4;

/**
 * Elements of a JSON array in a database column, as slices of the given bytes, without parsing the whole: a session can
 * hold hundreds of megabytes. The array is the value itself or the member `key` of an object. Columns that were encoded
 * several times are decoded in place, so the bytes belong to this function. A torn array yields what is whole and then
 * throws SyntaxError, and so does anything else that is neither a list nor nothing.
 */
export function* elements(bytes: Buffer, key: string): Generator<Buffer> {
  let text = bytes;
  let at = skipSpace(text, 0);
  for (let times = 0; text[at] === QUOTE && times < MAX_ENCODINGS; times++) {
    text = decodeString(text, at);
    at = skipSpace(text, 0);
  }
  const start = text[at] === OPEN_OBJECT ? findMember(text, at, key) : at;
  if (start === undefined || isNothing(text, start)) return;
  if (text[start] !== OPEN_ARRAY) throw new SyntaxError('the runs of the session are no list');
  at = skipSpace(text, start + 1);
  while (text[at] !== CLOSE_ARRAY) {
    const end = endOfValue(text, at);
    yield text.subarray(at, end);
    at = skipSpace(text, end);
    if (text[at] === COMMA) at = skipSpace(text, at + 1);
    else if (text[at] !== CLOSE_ARRAY) throw new SyntaxError('the list of runs is torn');
  }
}

function findMember(text: Buffer, open: number, key: string): number | undefined {
  const name = Buffer.from(`"${key}"`);
  let at = skipSpace(text, open + 1);
  while (text[at] === QUOTE) {
    const end = endOfString(text, at);
    const isWanted = text.subarray(at, end).equals(name);
    at = skipSpace(text, end);
    if (text[at] !== COLON) throw new SyntaxError('the session is torn');
    at = skipSpace(text, at + 1);
    if (isWanted) return at;
    at = skipSpace(text, endOfValue(text, at));
    if (text[at] === COMMA) at = skipSpace(text, at + 1);
  }
  if (text[at] !== CLOSE_OBJECT) throw new SyntaxError('the session is torn');
  return undefined;
}

/** An empty column, or Python's None. */
function isNothing(text: Buffer, at: number): boolean {
  return at >= text.length || text.toString('latin1', at, at + 'null'.length) === 'null';
}

function endOfValue(text: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const byte = text[at];
    if (byte === QUOTE) {
      at = endOfString(text, at) - 1;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth++;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) {
      return at;
    }
  }
  throw new SyntaxError('the list of runs is torn');
}

function endOfString(text: Buffer, start: number): number {
  for (let at = text.indexOf(QUOTE, start + 1); at >= 0; at = text.indexOf(QUOTE, at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  throw new SyntaxError('the list of runs is torn');
}

function skipSpace(text: Buffer, start: number): number {
  let at = start;
  while (text[at] === 0x20 || text[at] === 0x0a || text[at] === 0x0d || text[at] === 0x09) at++;
  return at;
}

const ESCAPES: { readonly [escaped: number]: number } = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 };

/** Writes the decoded string over its own encoding: no escape is shorter than what it stands for. */
function decodeString(text: Buffer, start: number): Buffer {
  const first = start + 1;
  let to = first;
  let from = first;
  while (from < text.length && text[from] !== QUOTE) {
    if (text[from] !== BACKSLASH) {
      const special = nextSpecial(text, from);
      text.copyWithin(to, from, special);
      to += special - from;
      from = special;
      continue;
    }
    const escaped = text[from + 1] ?? 0;
    if (escaped !== 0x75) {
      text[to++] = ESCAPES[escaped] ?? escaped;
      from += 2;
      continue;
    }
    let unit = hexUnit(text, from + 2);
    from += 6;
    if (unit >= 0xd800 && unit < 0xdc00 && text[from] === BACKSLASH && text[from + 1] === 0x75) {
      const low = hexUnit(text, from + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        from += 6;
      }
    }
    to += text.write(String.fromCodePoint(unit), to, 'utf8');
  }
  if (from >= text.length) throw new SyntaxError('the session is torn');
  return text.subarray(first, to);
}

function nextSpecial(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== BACKSLASH && text[at] !== QUOTE) at++;
  return at;
}

function hexUnit(text: Buffer, at: number): number {
  const unit = Number.parseInt(text.toString('latin1', at, at + 4), 16);
  if (Number.isNaN(unit)) throw new SyntaxError('a broken \\u escape');
  return unit;
}
