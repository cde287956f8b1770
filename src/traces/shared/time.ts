/** Milliseconds since the epoch (fractions allowed) as decimal nanoseconds; microseconds are what a double can hold. */
export function nanoseconds(ms: number): string {
  const microseconds = Math.round(ms * 1000);
  return microseconds > 0 ? `${microseconds}000` : '0';
}

/** Nanoseconds as milliseconds with a fraction; a malformed value is 0. */
export function milliseconds(nanosecondText: string): number {
  return /^\d{1,20}$/.test(nanosecondText) ? Number(BigInt(nanosecondText) / 1000n) / 1000 : 0;
}
