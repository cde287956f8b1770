/** UTC to seconds; times that no calendar has show as given. */
export function formatTime(nanoseconds: string): string {
  const milliseconds = Number(BigInt(nanoseconds || '0') / 1_000_000n);
  return milliseconds > 8.64e15 ? nanoseconds : new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ');
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1) return `${milliseconds.toFixed(2)}ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)}ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(1)}s`;
  return `${Math.floor(milliseconds / 60_000)}m${String(Math.round((milliseconds % 60_000) / 1_000)).padStart(2, '0')}s`;
}

export function durationMs({ startNs, endNs }: { readonly startNs: string; readonly endNs: string }): number {
  if (endNs === '') return 0;
  return Math.max(0, Number(BigInt(endNs) - BigInt(startNs)) / 1e6);
}
