import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ModelError } from '../model.ts';
import type { Route } from './route.ts';
import { CONNECT_TIMEOUT_MS } from './tunnel.ts';

/** One HTTP exchange as far as it got: the whole decoded body, or why there is none. */
export type Exchange =
  | {
      readonly ok: true;
      readonly status: number;
      readonly contentType: string;
      /** Builds them anew: few replies need them. */
      readonly headers: () => Headers;
      readonly body: string;
    }
  | { readonly ok: false; readonly error: unknown };

/** Largest decoded reply. A megabyte of text is far beyond any model's output; a compressed bomb is not read further. */
const MAX_BODY_BYTES = 16 * 2 ** 20;

/**
 * The transport below the OpenAI client, in the shape of `fetch`. It is built on node:http, which takes a third of the time
 * of Node's own fetch, knows no redirects (these would carry headers such as `x-api-key` to another origin) and has no
 * timeouts of its own. The client is told "200, empty object" always; what really happened is asked for with `take`, so
 * that the client's error mapping, which drops the bodies of servers that do not use OpenAI's error shape, is not in the way.
 */
export function createExchanges(route: Route): {
  readonly fetch: typeof fetch;
  /** The exchange behind a response that the client returned. */
  take(response: Response): Exchange;
} {
  const exchanges = new WeakMap<Response, Exchange>();
  return {
    async fetch(input, init = {}) {
      const url = new URL(String(input));
      const response = new Response();
      exchanges.set(response, await exchange(route, url, init));
      return response;
    },
    take: (response) => exchanges.get(response) ?? { ok: false, error: new Error('unknown response') },
  };
}

/** The client makes them itself; a copy takes as long as the request. */
function headersOf({ headers }: RequestInit): Headers {
  return headers instanceof Headers ? headers : new Headers(headers);
}

async function exchange(route: Route, url: URL, init: RequestInit): Promise<Exchange> {
  const sent = { ...Object.fromEntries(headersOf(init)), 'accept-encoding': 'gzip, deflate, br' };
  const { to, options } = route.request(url, sent);
  const signal = init.signal ? { signal: init.signal } : {};
  try {
    const all = { ...options, ...signal, method: init.method ?? 'GET', agent: route.agent };
    const message = await send(to, all, String(init.body ?? ''));
    const body = await readCapped(decoded(message));
    const { statusCode = 0, headers } = message;
    return {
      ok: true,
      status: statusCode,
      contentType: headers['content-type'] ?? '',
      headers: () => new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      body,
    };
  } catch (error) {
    return { ok: false, error };
  }
}

function send(url: URL, options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
    request.on('error', reject);
    request.once('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => {
        request.destroy(new ModelError('network', `no connection within ${CONNECT_TIMEOUT_MS / 1000} s`));
      }, CONNECT_TIMEOUT_MS);
      const settled = (): void => clearTimeout(timer);
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', settled).once('close', settled);
    });
    request.end(body);
  });
}

const DECODERS: { readonly [encoding: string]: () => Duplex } = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

function decoded(message: IncomingMessage): Readable {
  const encoding = (message.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return message;
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]?.() : undefined;
  if (decoder === undefined) {
    message.destroy();
    throw new ModelError('protocol', `the reply has the unknown content-encoding "${encoding}"`);
  }
  // The reader of the decoder meets every error; nothing is left to do here.
  return pipeline(message, decoder, () => undefined);
}

function readCapped(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      // Destroys the socket as well.
      if (bytes > MAX_BODY_BYTES) stream.destroy(new ModelError('too-large', 'the reply is larger than 16 MiB'));
      else chunks.push(chunk);
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(new TextDecoder().decode(Buffer.concat(chunks))));
    stream.on('close', () => {
      // Every stream closes; an error for each, with its stack, would cost more than the reading.
      if (!stream.readableEnded)
        reject(new ModelError('network', 'the connection was lost before the end of the reply'));
    });
  });
}

/** What the server sent is not HTTP, or not in the encoding that it names. */
const PROTOCOL_CODES = /^(HPE_|Z_|ERR__|ERR_BROTLI)/;
const CERTIFICATE_CODES = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** Classifies what the transport threw: kind and reason, in words. */
export function transportFault(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const { code, reason } = describe(error);
  if (CERTIFICATE_CODES.test(code)) {
    return new ModelError('fatal', `the server's certificate is not trusted (${reason})`, { cause: error });
  }
  if (PROTOCOL_CODES.test(code)) return new ModelError('protocol', `unreadable reply (${reason})`, { cause: error });
  return new ModelError('network', `no connection or connection lost (${reason})`, { cause: error });
}

/** Node tries every address of a name and reports an AggregateError without a message; its first error stands for all. */
function describe(error: unknown): { readonly code: string; readonly reason: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', reason: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, reason: error.message.includes(code) ? error.message : `${code}: ${error.message}` };
}
