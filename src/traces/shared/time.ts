/** Milliseconds since the epoch (fractions allowed) as decimal nanoseconds; microseconds are what a double can hold. */
export function nanoseconds(ms: number): string {
  return (BigInt(Math.round(ms * 1000)) * 1000n).toString();
}

/** Nanoseconds as milliseconds with a fraction; a malformed value is 0. */
export function milliseconds(nanosecondText: string): number {
  return /^\d{1,20}$/.test(nanosecondText) ? Number(BigInt(nanosecondText) / 1000n) / 1000 : 0;
}
