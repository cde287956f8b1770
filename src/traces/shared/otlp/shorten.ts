import { type Json, parseJson } from '../../../core/json.ts';

/** Shortest piece that a text inside JSON is cut to before whole list items go. */
const MIN_LEAF = 256;

/**
 * Cuts a text to about `maxBytes` and says so in it. JSON (messages, tool arguments) stays valid: first its long texts
 * are cut, then the middle of its longest list, so that the first and the latest messages survive.
 */
export function shorten(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  if (/^\s*[[{]/.test(text)) {
    const parsed = parseJson(text);
    const short = parsed.ok ? shortenJson(parsed.value, maxBytes) : undefined;
    if (short !== undefined) return short;
  }
  return cutText(text, maxBytes);
}

export function cutMark(bytes: number): string {
  return `…[${bytes} bytes cut]`;
}

function cutText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = Math.max(0, maxBytes - 32);
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}${cutMark(bytes.length - end)}`;
}

function shortenJson(value: Json, maxBytes: number): string | undefined {
  for (let leaf = maxBytes >> 1; leaf >= MIN_LEAF; leaf >>= 1) {
    const short = JSON.stringify(mapTexts(value, leaf));
    if (Buffer.byteLength(short) <= maxBytes) return short;
  }
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: Json) => JSON.stringify(mapTexts(item, MIN_LEAF)));
  const first = items[0] as string;
  let left = maxBytes - Buffer.byteLength(first) - 2;
  let from = items.length;
  while (from > 1) {
    const size = Buffer.byteLength(items[from - 1] as string) + 1;
    if (size > left) break;
    left -= size;
    from--;
  }
  return left < 0 ? undefined : `[${[first, ...items.slice(from)].join(',')}]`;
}

function mapTexts(value: Json, maxBytes: number): Json {
  if (typeof value === 'string') {
    return value.length * 3 > maxBytes && Buffer.byteLength(value) > maxBytes ? cutText(value, maxBytes) : value;
  }
  if (Array.isArray(value)) return value.map((item: Json) => mapTexts(item, maxBytes));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapTexts(member, maxBytes)]));
}
