import { isSpanId, isTraceId } from './ids.ts';

export type RemoteParent = { readonly traceId: string; readonly spanId: string };

/** Reads a W3C `traceparent` header; undefined for anything that is not valid (https://www.w3.org/TR/trace-context/). */
export function parseTraceparent(header: string | undefined): RemoteParent | undefined {
  const [version, traceId, spanId, flags, ...more] = (header ?? '').trim().split('-');
  if (version === undefined || !/^[0-9a-f]{2}$/.test(version) || version === 'ff') return undefined;
  if (flags === undefined || !/^[0-9a-f]{2}$/.test(flags) || (version === '00' && more.length > 0)) return undefined;
  return isTraceId(traceId) && isSpanId(spanId) ? { traceId, spanId } : undefined;
}

/** Always sampled: what is traced is kept. */
export function formatTraceparent({ traceId, spanId }: RemoteParent): string {
  return `00-${traceId}-${spanId}-01`;
}
