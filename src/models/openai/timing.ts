/**
 * Reads how long a server asks its clients to wait. It knows every spelling that OpenAI-compatible servers use; what is
 * negative, not a number or absurd counts as not said.
 */

/** Monthly quotas reset within 31 days; nothing sensible is longer. */
const ABSURD_MS = 31 * 24 * 3_600_000;

/** Milliseconds to wait, from `retry-after-ms` (OpenAI, Azure) or `retry-after`. */
export function retryAfterOf(headers: Headers, nowMs: number): number | undefined {
  return (
    plausible(milliseconds(headers.get('retry-after-ms'))) ?? plausible(retryAfter(headers.get('retry-after'), nowMs))
  );
}

/** `Please try again in 6m0.5s` or `retryDelay: "34s"` in an error's text, for servers that send no header. */
export function retryAfterInText(text: string): number | undefined {
  const found = /(?:(?:try again|retry) in|retryDelay"?\s*:\s*"?)\s*((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)/i.exec(text)?.[1];
  return found === undefined ? undefined : plausible(goDuration(found));
}

function plausible(ms: number | undefined): number | undefined {
  return ms !== undefined && Number.isFinite(ms) && ms >= 0 && ms <= ABSURD_MS ? Math.ceil(ms) : undefined;
}

function milliseconds(value: string | null): number | undefined {
  return value !== null && /^\s*\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3). */
function retryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const seconds = milliseconds(value);
  if (seconds !== undefined) return seconds * 1000;
  const date = httpDate(value.trim());
  return date === undefined ? goDuration(value.trim()) : date - nowMs;
}

/**
 * The buckets of OpenAI (`x-ratelimit-reset-requests: 1s`, `-tokens: 6m0s`), Anthropic (`anthropic-ratelimit-*-reset`, RFC
 * 3339), and the single bucket of others (`x-ratelimit-reset`, `ratelimit-reset`: seconds, or seconds or milliseconds since
 * 1970). All buckets are sent with every reply, so only the exhausted ones count where the server says which they are.
 */
export function rateLimitResetOf(headers: Headers, nowMs: number): number | undefined {
  const buckets: { waitMs: number; exhausted: boolean }[] = [];
  for (const [name, value] of headers) {
    if (!/^(x-|anthropic-)?ratelimit-(.*-)?reset(-.*)?$/.test(name)) continue;
    const waitMs = plausible(resetTime(value.trim(), nowMs));
    const remaining = headers.get(name.replace('reset', 'remaining'));
    if (waitMs !== undefined) buckets.push({ waitMs, exhausted: remaining !== null && Number(remaining) === 0 });
  }
  const exhausted = buckets.filter((bucket) => bucket.exhausted);
  const counting = exhausted.length > 0 ? exhausted : buckets;
  return counting.length === 0 ? undefined : Math.max(...counting.map((bucket) => bucket.waitMs));
}

function resetTime(value: string, nowMs: number): number | undefined {
  const number = milliseconds(value);
  if (number === undefined) {
    const date = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : (httpDate(value) ?? Number.NaN);
    return Number.isNaN(date) ? goDuration(value) : date - nowMs;
  }
  if (number > 1e12) return number - nowMs;
  if (number > 1e9) return number * 1000 - nowMs;
  return number * 1000;
}

const UNIT_MS: { readonly [unit: string]: number } = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `1h2m3.5s`, `120ms` (Go's duration format). */
function goDuration(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(value)) return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  return total;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const TIME = '(\\d\\d):(\\d\\d):(\\d\\d)';
const IMF_FIXDATE = new RegExp(`^[a-z]{3}, (\\d\\d) ([a-z]{3}) (\\d{4}) ${TIME} (?:gmt|utc)$`);
const RFC_850 = new RegExp(`^[a-z]+, (\\d\\d)-([a-z]{3})-(\\d\\d) ${TIME} (?:gmt|utc)$`);
const ASCTIME = new RegExp(`^[a-z]{3} ([a-z]{3}) ( ?\\d{1,2}) ${TIME} (\\d{4})$`);

/** The three formats of RFC 9110, section 5.6.7, all in UTC (Date.parse reads the third as local time). */
function httpDate(value: string): number | undefined {
  const text = value.toLowerCase();
  const fixdate = IMF_FIXDATE.exec(text);
  if (fixdate !== null) return utc(fixdate[3], fixdate[2], fixdate[1], fixdate.slice(4));
  const rfc850 = RFC_850.exec(text);
  if (rfc850 !== null) return utc(`20${rfc850[3]}`, rfc850[2], rfc850[1], rfc850.slice(4));
  const asctime = ASCTIME.exec(text);
  if (asctime !== null) return utc(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6));
  return undefined;
}

function utc(year = '', month = '', day = '', time: readonly string[] = []): number | undefined {
  const index = MONTHS.indexOf(month);
  const [hours, minutes, seconds] = time.map(Number);
  return index < 0 ? undefined : Date.UTC(Number(year), index, Number(day), hours, minutes, seconds);
}
