import type { Span } from '../../core/trace.ts';

/** Estimate of what a span costs in memory: its texts and a flat price for everything else. */
export function sizeOf(span: Span): number {
  let bytes = 400 + span.name.length + span.statusMessage.length;
  const { attributes } = span;
  for (const key in attributes) bytes += key.length + lengthOf(attributes[key]);
  for (const event of span.events) {
    bytes += 100;
    for (const key in event.attributes) bytes += key.length + lengthOf(event.attributes[key]);
  }
  return bytes;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + lengthOf(item), 16);
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : 8;
}
