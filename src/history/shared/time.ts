/** ISO 8601 of a foreign time: Unix seconds, milli-, micro- or nanoseconds, or a date text (UTC where it has no zone). */
export function readTime(value: unknown): string | undefined {
  const milliseconds =
    typeof value === 'number' ? fromNumber(value) : typeof value === 'string' ? fromText(value) : NaN;
  return Number.isFinite(milliseconds) && Math.abs(milliseconds) <= 8.64e15
    ? new Date(milliseconds).toISOString()
    : undefined;
}

function fromNumber(value: number): number {
  const size = Math.abs(value);
  if (size < 1e11) return value * 1000;
  if (size < 1e14) return value;
  return size < 1e17 ? value / 1000 : value / 1e6;
}

function fromText(value: string): number {
  const text = value.trim();
  if (/^-?\d+(\.\d+)?$/.test(text)) return fromNumber(Number(text));
  const hasZone = /([zZ]|[+-]\d{2}:?\d{2})$/.test(text);
  const iso = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}/.test(text) ? text.replace(' ', 'T') : text;
  return Date.parse(iso.includes('T') && !hasZone ? `${iso}Z` : iso);
}
