import { type Json, parseJson } from '../../../core/json.ts';

/** Shortest piece that a text inside JSON is cut to before whole list items go. */
const MIN_LEAF = 256;

/**
 * Cuts a text to about `maxBytes` and says so in it. JSON (messages, tool arguments) stays valid: the earlier
 * items of a list are cut first, then its middle goes, so that the first and the latest messages survive.
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
  if (Array.isArray(value) && value.length > 1) return shortenList(value, maxBytes);
  return leafByLeaf(value, maxBytes);
}

/** Every text cut to the same length, the greatest that fits. */
function leafByLeaf(value: Json, maxBytes: number): string | undefined {
  for (let leaf = maxBytes >> 1; leaf >= MIN_LEAF; leaf >>= 1) {
    const short = JSON.stringify(mapTexts(value, leaf));
    if (Buffer.byteLength(short) <= maxBytes) return short;
  }
  return undefined;
}

/**
 * The latest items stay whole, earlier ones are cut, and those in the middle go: of a conversation that is sent again with
 * every call, only the end is new.
 */
function shortenList(list: readonly Json[], maxBytes: number): string | undefined {
  const items = list.map((item) => JSON.stringify(mapTexts(item, MIN_LEAF)));
  let left = maxBytes - items.reduce((sum, item) => sum + Buffer.byteLength(item) + 1, 1);
  if (left < 0) return withoutMiddle(items, maxBytes);
  // What comes first are instructions, which are short and told with every call; then from the end on.
  for (const index of placesOf(list.length)) {
    const cut = items[index] as string;
    const whole = JSON.stringify(list[index]);
    const gain = left + Buffer.byteLength(cut);
    if (Buffer.byteLength(whole) <= gain) items[index] = whole;
    else if (index === list.length - 1) items[index] = leafByLeaf(list[index] as Json, gain) ?? cut;
    left = gain - Buffer.byteLength(items[index] as string);
  }
  return `[${items.join(',')}]`;
}

function placesOf(length: number): readonly number[] {
  return [0, ...Array.from({ length: length - 1 }, (_, index) => length - 1 - index)];
}

function withoutMiddle(items: readonly string[], maxBytes: number): string | undefined {
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
