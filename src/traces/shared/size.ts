import type { Span } from '../../core/trace.ts';

/** A recorded span that is put together when it is written, not while the agent waits. */
export type PendingSpan = {
  /** Estimated size in memory. */
  readonly bytes: number;
  /** The same span each time. */
  build(): Span;
};

export function pendingOf(span: Span): PendingSpan {
  return { bytes: sizeOf(span), build: () => span };
}

/** Estimate of what a span costs in memory: its texts and a flat price for everything else. */
function sizeOf(span: Span): number {
  return SPAN_BYTES + span.statusMessage.length + sizeOfAttributes(span.attributes) + sizeOfEvents(span.events);
}

export const SPAN_BYTES = 400;
const EVENT_BYTES = 100;

export function sizeOfEvents(events: Span['events']): number {
  let bytes = 0;
  for (const event of events) bytes += EVENT_BYTES + sizeOfAttributes(event.attributes);
  return bytes;
}

export function sizeOfAttributes(attributes: { readonly [key: string]: unknown }): number {
  let bytes = 0;
  for (const key in attributes) bytes += key.length + lengthOf(attributes[key]);
  return bytes;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (!Array.isArray(value)) return JSON.stringify(value).length;
  return value.reduce<number>((sum, item) => sum + lengthOf(item), 16);
}
