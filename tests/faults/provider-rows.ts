import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { FaultKind } from '../../src/models/model.ts';
import type { Fault } from '../helpers/fake-provider.ts';

/** Planted where users put secrets (first six), and in what servers echo of other people's. */
export const CANARIES = {
  key: 'sk-proj-canary01-aaaaaaaaaaaaaaaa',
  gateway: 'canary02/with+signs==',
  cookie: 'session=canary03-cccccccccccc',
  organisation: 'canary04-dddddddddddd',
  query: 'canary05&eeee eeee',
  subscription: 'canary06"ffff\\ffff',
  bearer: 'Bearer canary07-gggggggggggg',
  lowerBearer: 'bearer canary08.hhhh.hhhh',
  foreign: 'sk-canary09-iiiiiiiiiiii',
  masked: 'sk-canary10*************jjjj',
  publishable: 'pk-canary11-kkkkkkkkkkkk',
  restricted: 'rk-canary12-llllllllllll',
} as const;
const ECHO = Object.values(CANARIES).join(' , ');

/** `sends` is how many requests a logical call of at most 3 attempts makes. */
export type Row = {
  readonly fault: Fault;
  readonly kind: FaultKind;
  readonly sends: number;
  readonly status?: number;
  readonly retryAfterMs?: number;
};

export const http = (
  status: number,
  error: object | string | Buffer,
  headers: { readonly [name: string]: string } = {},
): Fault => ({
  status,
  headers,
  body:
    typeof error === 'string' || Buffer.isBuffer(error)
      ? error
      : { error: { message: `The server says: ${ECHO}`, ...error } },
});
const ok = (body: unknown, headers: { readonly [name: string]: string } = {}): Fault => ({
  status: 200,
  headers,
  body,
});

const OVERLOADED: Row[] = [408, 409, 500, 502, 503, 504, 529].map((status) => ({
  fault: http(status, {}),
  kind: 'overloaded',
  status,
  sends: 3,
}));

export const ROWS: { readonly [name: string]: Row } = {
  ...Object.fromEntries(OVERLOADED.map((row) => [`status ${row.status}`, row])),
  '503 with retry-after': {
    fault: http(503, {}, { 'retry-after': '0' }),
    kind: 'overloaded',
    retryAfterMs: 0,
    sends: 3,
  },

  '429 insufficient_quota': { fault: http(429, { code: 'insufficient_quota' }), kind: 'quota', status: 429, sends: 1 },
  '429 credit_balance_exhausted': { fault: http(429, { type: 'credit_balance_exhausted' }), kind: 'quota', sends: 1 },
  '429 spend limit': { fault: http(429, { code: 'org_spend_limit_exceeded' }), kind: 'quota', sends: 1 },
  '429 enforced_spend_limit_reached': {
    fault: http(429, { error_code: 'enforced_spend_limit_reached' }),
    kind: 'quota',
    sends: 1,
  },
  '429 enforced spend limit in the details': {
    fault: http(429, { type: 'rate_limit_error', details: { error_code: 'enforced_spend_limit_reached' } }),
    kind: 'quota',
    sends: 1,
  },
  '429 current quota': {
    fault: http(429, { message: 'You exceeded your current quota, please check your plan.' }),
    kind: 'quota',
    sends: 1,
  },
  '429 enforced spend limit beside the error': {
    fault: { status: 429, body: { error: { message: ECHO }, error_code: 'enforced_spend_limit_reached' } },
    kind: 'quota',
    sends: 1,
  },
  '402 billing': { fault: http(402, {}), kind: 'quota', sends: 1 },
  '400 credit balance': { fault: http(400, { message: 'Your credit balance is too low.' }), kind: 'quota', sends: 1 },
  '429 that asks to wait an hour': {
    fault: http(429, {}, { 'retry-after': '3600' }),
    kind: 'rate-limit',
    retryAfterMs: 3_600_000,
    sends: 1,
  },
  '429 for a request beyond the limit': {
    fault: http(429, { message: 'Request too large for m on tokens per min' }),
    kind: 'too-large',
    sends: 1,
  },

  '401': { fault: http(401, { code: 'invalid_api_key' }), kind: 'auth', status: 401, sends: 1 },
  '403': { fault: http(403, {}), kind: 'auth', status: 403, sends: 1 },
  '404 model': { fault: http(404, { code: 'model_not_found' }), kind: 'model-unknown', status: 404, sends: 1 },
  '404 of another path': { fault: http(404, '404 page not found'), kind: 'model-unknown', sends: 1 },
  '403 model': { fault: http(403, { code: 'model_not_found' }), kind: 'model-unknown', sends: 1 },
  '400 model': { fault: http(400, { message: 'The model `gpt-5.9` does not exist' }), kind: 'model-unknown', sends: 1 },

  '400 context length': { fault: http(400, { code: 'context_length_exceeded' }), kind: 'context-overflow', sends: 1 },
  '400 prompt is too long': {
    fault: http(400, { message: 'prompt is too long: 9 tokens' }),
    kind: 'context-overflow',
    sends: 1,
  },
  '400 of vLLM': {
    fault: http(400, { message: "'max_tokens' is too large: 9. This model's maximum context length is 8 tokens" }),
    kind: 'context-overflow',
    sends: 1,
  },
  '413': { fault: http(413, '<html>Request Entity Too Large</html>'), kind: 'context-overflow', sends: 1 },

  '400 other': { fault: http(400, {}), kind: 'invalid', status: 400, sends: 1 },
  '422 of FastAPI': {
    fault: { status: 422, body: { detail: [{ loc: ['body', 'messages'], msg: ECHO }] } },
    kind: 'invalid',
    sends: 1,
  },
  '400 with plain text': { fault: http(400, ECHO), kind: 'invalid', sends: 1 },
  '400 with a list': { fault: { status: 400, body: [{ error: { message: ECHO } }] }, kind: 'invalid', sends: 1 },
  '400 with an object as message': { fault: http(400, { message: { nested: ECHO } }), kind: 'invalid', sends: 1 },
  '400 with hostile text': {
    fault: http(400, { message: `\u001b]52;c;AAAA\u0007\r\u202e\n\n${ECHO}` }),
    kind: 'invalid',
    sends: 1,
  },
  '418': { fault: http(418, {}), kind: 'invalid', sends: 1 },

  'silence before the headers': { fault: 'hang', kind: 'timeout', sends: 3 },
  'silence within the body': { fault: 'stall', kind: 'timeout', sends: 3 },
  'a body byte by byte': { fault: { dripMs: 20 }, kind: 'timeout', sends: 3 },
  'reset before the headers': { fault: 'reset', kind: 'network', sends: 3 },
  'reset within the body': { fault: 'cut', kind: 'network', sends: 3 },
  'a body shorter than its length': {
    fault: { socket: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"id":' },
    kind: 'network',
    sends: 3,
  },
  'a chunked body without its end': {
    fault: {
      socket: 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"id"\r\n',
    },
    kind: 'network',
    sends: 3,
  },
  'something that is not HTTP': { fault: { socket: 'SSH-2.0-OpenSSH_9.6\r\n' }, kind: 'protocol', sends: 2 },

  '200 with HTML': { fault: ok('<html>', { 'content-type': 'text/html; charset=utf-8' }), kind: 'protocol', sends: 2 },
  '200 with HTML called JSON': { fault: ok('<!doctype html><html>'), kind: 'protocol', sends: 2 },
  '200 with a stream': {
    fault: ok('data: {}\n\n', { 'content-type': 'text/event-stream' }),
    kind: 'protocol',
    sends: 2,
  },
  '200 and nothing': { fault: ok(''), kind: 'protocol', sends: 2 },
  '200 with invalid JSON': { fault: ok(`{"choices": [${ECHO}`), kind: 'protocol', sends: 2 },
  '200 with a key where JSON breaks': { fault: ok(`{"id": ${CANARIES.key}`), kind: 'protocol', sends: 2 },
  '200 with null': { fault: ok('null'), kind: 'protocol', sends: 2 },
  '200 with an array': { fault: ok([]), kind: 'protocol', sends: 2 },
  '200 with a number': { fault: ok('7'), kind: 'protocol', sends: 2 },
  '200 without choices': { fault: ok({ id: 'x', choices: [] }), kind: 'protocol', sends: 2 },
  '200 with a message of null': { fault: ok({ choices: [{ message: null }] }), kind: 'protocol', sends: 2 },
  '200 nested a thousand deep': { fault: ok(`${'['.repeat(1000)}${']'.repeat(1000)}`), kind: 'protocol', sends: 2 },
  '200 with a forbidden key': {
    fault: ok('{"choices":[{"message":{"content":"x","__proto__":{"y":1}}}]}'),
    kind: 'protocol',
    sends: 2,
  },
  '200 with an error of no class': { fault: ok({ error: { message: ECHO } }), kind: 'protocol', sends: 2 },
  '200 with a text as error': { fault: ok({ error: ECHO }), kind: 'protocol', sends: 2 },
  '200 with error 401': { fault: ok({ error: { code: 401, message: ECHO } }), kind: 'auth', status: 401, sends: 1 },
  '200 with error 502 in a choice': {
    fault: ok({ choices: [{ error: { code: 502, message: ECHO } }] }),
    kind: 'overloaded',
    sends: 3,
  },
  '200 with an overloaded error': {
    fault: ok({ error: { type: 'overloaded_error', message: ECHO } }),
    kind: 'overloaded',
    sends: 3,
  },
  '200 with an exhausted quota': {
    fault: ok({ error: { code: 'insufficient_quota', message: ECHO } }),
    kind: 'quota',
    sends: 1,
  },

  redirect: { fault: { status: 302, headers: { location: 'http://127.0.0.1:1/steal' } }, kind: 'fatal', sends: 1 },
  'redirect that keeps the method': { fault: { status: 308, headers: { location: '/v2' } }, kind: 'fatal', sends: 1 },
  'wrong content-encoding': { fault: ok('{}', { 'content-encoding': 'gzip' }), kind: 'protocol', sends: 2 },
  'wrong content-encoding of an error': {
    fault: http(500, 'no', { 'content-encoding': 'br' }),
    kind: 'protocol',
    sends: 2,
  },
  'unknown content-encoding': { fault: ok('{}', { 'content-encoding': 'zstd' }), kind: 'protocol', sends: 2 },
  'gzip bomb': {
    fault: ok(gzipSync(Buffer.alloc(64 * 2 ** 20)), { 'content-encoding': 'gzip' }),
    kind: 'too-large',
    sends: 1,
  },
  'brotli bomb': {
    fault: ok(brotliCompressSync(Buffer.alloc(64 * 2 ** 20)), { 'content-encoding': 'br' }),
    kind: 'too-large',
    sends: 1,
  },
  'bomb in an error': {
    fault: http(500, gzipSync(Buffer.alloc(17 * 2 ** 20)), { 'content-encoding': 'gzip' }),
    kind: 'too-large',
    sends: 1,
  },
};
