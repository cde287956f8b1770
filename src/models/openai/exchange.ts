import { messageOf } from '../../core/errors.ts';
import { ModelError } from '../model.ts';

/** One HTTP exchange as far as it got: the whole decoded body, or why there is none. */
export type Exchange =
  | { readonly ok: true; readonly status: number; readonly headers: Headers; readonly body: string }
  | { readonly ok: false; readonly error: unknown };

/** Largest decoded reply. A megabyte of text is far beyond any model's output; a compressed bomb is not read further. */
const MAX_BODY_BYTES = 16 * 2 ** 20;

/**
 * A fetch for the OpenAI client that reads the body itself, with a cap, and never follows a redirect: on one to another
 * origin, headers such as `x-api-key` would be sent along (observed on Node 20). The client is told "200, empty object"
 * always; what really happened is asked for with `take`, so that the client's own error mapping, which drops the bodies of
 * servers that do not use OpenAI's error shape, is not in the way.
 */
export function createExchanges(): {
  readonly fetch: typeof fetch;
  /** The exchange behind a response that the client returned. */
  take(response: Response): Exchange;
} {
  const exchanges = new WeakMap<Response, Exchange>();
  return {
    async fetch(input, init) {
      const response = Response.json({});
      exchanges.set(response, await exchange(input, init));
      return response;
    },
    take: (response) => exchanges.get(response) ?? { ok: false, error: new Error('unknown response') },
  };
}

async function exchange(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Promise<Exchange> {
  try {
    const response = await fetch(input, { ...init, redirect: 'error' });
    return { ok: true, status: response.status, headers: response.headers, body: await readCapped(response) };
  } catch (error) {
    return { ok: false, error };
  }
}

async function readCapped(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, which closes the socket.
    if (bytes > MAX_BODY_BYTES) throw new ModelError('too-large', 'the reply is larger than 16 MiB');
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** What the server sent is not HTTP, or not in the encoding that it names. */
const PROTOCOL_CODES = /^(HPE_|Z_|ERR__|ERR_BROTLI|UND_ERR_HEADERS_OVERFLOW)/;
const CERTIFICATE_CODES = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** Classifies what fetch threw: kind and reason, in words. */
export function transportFault(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = codeOf(cause);
  const reason = [code, messageOf(cause)].filter((part) => part !== '').join(': ');
  if (TIMEOUT_CODES.has(code)) return new ModelError('timeout', `no reply in time (${code})`, { cause: error });
  if (CERTIFICATE_CODES.test(code)) {
    return new ModelError('fatal', `the server's certificate is not trusted (${reason})`, { cause: error });
  }
  if (PROTOCOL_CODES.test(code)) return new ModelError('protocol', `unreadable reply (${reason})`, { cause: error });
  if (/redirect/i.test(reason)) {
    return new ModelError('fatal', 'the server answered with a redirect, which is not followed', { cause: error });
  }
  if (/bad port|unknown scheme|invalid url/i.test(reason)) {
    return new ModelError('fatal', `the address cannot be used (${reason})`, { cause: error });
  }
  return new ModelError('network', `no connection or connection lost (${reason})`, { cause: error });
}

/** Node tries every address of a name and reports an AggregateError; its first error stands for all. */
function codeOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : '';
}
