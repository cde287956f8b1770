/** What JSON.parse does not tell: where a text stops being JSON, and on which lines the elements of a list stand. */

export type JsonError = { readonly reason: string; readonly line: number; readonly column: number };

const TOKEN = /\s+|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{}:,]/y;
const ESCAPE = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/** The first place where a text is not JSON; undefined when it is. */
export function locateError(text: string): JsonError | undefined {
  const stack: ('[' | '{')[] = [];
  let expected: 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'end' = 'value';
  const at = (offset: number, reason: string): JsonError => {
    const before = text.slice(0, offset).split('\n');
    return { reason, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
  const afterValue = (): typeof expected => (stack.length === 0 ? 'end' : ', or end');
  let length = 0;
  for (let offset = 0; offset < text.length; offset += length) {
    const token = readToken(text, offset);
    if (token === undefined) return at(offset, badToken(text, offset));
    length = token.length;
    const kind = token[0] as string;
    if (/\s/.test(kind)) continue;
    const isValue = expected === 'value' || expected === 'value or ]';
    if (isValue && (kind === '[' || kind === '{')) {
      stack.push(kind);
      expected = kind === '[' ? 'value or ]' : 'name or }';
    } else if (kind === ']' && stack.at(-1) === '[' && (expected === 'value or ]' || expected === ', or end')) {
      stack.pop();
      expected = afterValue();
    } else if (kind === '}' && stack.at(-1) === '{' && (expected === 'name or }' || expected === ', or end')) {
      stack.pop();
      expected = afterValue();
    } else if (kind === ',' && expected === ', or end') {
      expected = stack.at(-1) === '[' ? 'value' : 'name';
    } else if (kind === ':' && expected === ':') {
      expected = 'value';
    } else if (kind === '"' && (expected === 'name' || expected === 'name or }')) {
      expected = ':';
    } else if (isValue && !'[]{}:,'.includes(kind)) {
      expected = afterValue();
    } else {
      return at(offset, `unexpected ${JSON.stringify(token.slice(0, 20))}, expected ${expected}`);
    }
  }
  return expected === 'end' ? undefined : at(text.length, 'the text ends too early');
}

function readToken(text: string, offset: number): string | undefined {
  if (text[offset] !== '"') {
    TOKEN.lastIndex = offset;
    return TOKEN.exec(text)?.[0];
  }
  // By hand: a regular expression would need a stack as long as the string.
  for (let at = offset + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return text.slice(offset, at + 1);
    if (code < SPACE) return undefined;
    if (code !== BACKSLASH) continue;
    ESCAPE.lastIndex = at + 1;
    const escaped = ESCAPE.exec(text)?.[0];
    if (escaped === undefined) return undefined;
    at += escaped.length;
  }
  return undefined;
}

function badToken(text: string, offset: number): string {
  if (text[offset] === '"') return 'a string is not closed, or has a raw control character or a bad escape';
  return `unexpected ${JSON.stringify(text.slice(offset, offset + 12).split(/[\s,\]}]/, 1)[0] || text[offset])}`;
}

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Line of each element of the list (at the top, or under `key` of the top object) in a text that is valid JSON. */
export function elementLines(text: string, key: string | undefined): readonly number[] {
  const wanted = key === undefined ? 1 : 2;
  const found: number[] = [];
  let line = 1;
  let depth = 0;
  let isInList = false;
  let isNext = false;
  let lastString = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED) line++;
    if (code <= SPACE) continue;
    const character = text[at];
    if (isInList && isNext && depth === wanted && character !== ']') {
      found.push(line);
      isNext = false;
    }
    if (code === QUOTE) {
      const start = at;
      for (at++; text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
      if (depth === 1) lastString = text.slice(start + 1, at);
    } else if (character === '[' || character === '{') {
      depth++;
      if (depth === wanted && character === '[' && (key === undefined || lastString === key)) {
        isInList = true;
        isNext = true;
        // Of duplicate members the last one counts.
        found.length = 0;
      }
    } else if (character === ']' || character === '}') {
      depth--;
      if (depth < wanted) isInList = false;
    } else if (character === ',' && depth === wanted) {
      isNext = true;
    }
  }
  return found;
}
