import { messageOf } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import { SinkError } from '../sink.ts';

export type Headers = { readonly [name: string]: string | Secret };

/** OTLP's list (opentelemetry-proto, `docs/specification.md`): everything else would fail the same way again. */
const RETRYABLE = new Set([429, 502, 503, 504]);

/**
 * Sends one body. Redirects are not followed: a trace does not go where nobody said it should.
 * @throws SinkError with the receiver's wish for a pause.
 */
export async function post(
  url: string,
  body: Uint8Array | string,
  headers: Headers,
  signal: AbortSignal,
): Promise<void> {
  let response: Response;
  try {
    const plain = Object.entries(headers).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : value.reveal(),
    ]);
    response = await fetch(url, { method: 'POST', body, headers: plain, redirect: 'manual', signal });
    await response.arrayBuffer();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `: ${messageOf(error.cause)}` : '';
    throw new SinkError(`cannot reach ${hostOf(url)}: ${messageOf(error)}${cause}`, { retryable: true, cause: error });
  }
  if (response.ok) return;
  throw new SinkError(`${hostOf(url)} answered ${response.status}`, {
    retryable: RETRYABLE.has(response.status),
    retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
  });
}

/** Seconds or an HTTP date; undefined for anything else and for the past. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** Whether an address is on another machine. */
export function isRemote(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return !/^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}

/** Without path, query and credentials: what may stand in a message. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an invalid address';
}
