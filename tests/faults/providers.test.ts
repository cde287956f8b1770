import { inspect } from 'node:util';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { createLimiter } from '../../src/engine/limiter.ts';
import { retry } from '../../src/engine/retry.ts';
import type { ChatReply, ChatRequest, FaultKind, Model } from '../../src/models/model.ts';
import { ModelError } from '../../src/models/model.ts';
import { transportFault } from '../../src/models/openai/exchange.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { type FakeProvider, type Fault, startFakeProvider } from '../helpers/fake-provider.ts';

/*
 * The provider fault matrix (B5 of the reliability reference): each row through the real client over real HTTP. Every
 * row must end with the expected class, in bounded time, without a leaked socket, and without a key in the error.
 * An unhandled rejection anywhere fails the run by itself.
 */

/** Planted where users put secrets (first six), and in what servers echo of other people's. */
const CANARIES = {
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

/** Of an attempt: for rows that have to run into it, and for all others, so that a busy machine fails none. */
const SHORT_MS = 100;
const LONG_MS = 20_000;
const REQUEST: ChatRequest = {
  model: 'the-model',
  messages: [{ role: 'user', content: 'private-conversation' }],
  maxOutputTokens: 9,
};
const never = new AbortController().signal;

/** `sends` is how many requests a logical call of at most 3 attempts makes. */
type Row = {
  readonly fault: Fault;
  readonly kind: FaultKind;
  readonly sends: number;
  readonly status?: number;
  readonly retryAfterMs?: number;
};

const http = (
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

const ROWS: { readonly [name: string]: Row } = {
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
  '429 current quota': {
    fault: http(429, { message: 'You exceeded your current quota, please check your plan.' }),
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

function openai(baseUrl: string, timeoutMs = LONG_MS): Promise<Model> {
  const options = {
    use: 'openai',
    baseUrl: `${baseUrl}?code=${encodeURIComponent(CANARIES.query)}`,
    timeoutMs,
    headers: {
      'x-api-key': CANARIES.gateway,
      cookie: CANARIES.cookie,
      'x-organisation': CANARIES.organisation,
      'x-subscription': CANARIES.subscription,
    },
  };
  return loadPlugin('model', options, {
    folder: '.',
    environment: createEnvironment({ OPENAI_API_KEY: CANARIES.key }),
  });
}

async function failureOf(call: Promise<unknown>): Promise<ModelError> {
  const error = await call.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ModelError);
  return error as ModelError;
}

function expectSafe(error: ModelError): void {
  const everything = inspect(error, { depth: 20, showHidden: true });
  for (let canary = 1; canary <= 12; canary++) {
    expect(everything).not.toContain(`canary${String(canary).padStart(2, '0')}`);
  }
  expect(everything).not.toContain('private-conversation');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
  expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(error.message.length).toBeLessThan(400);
}

describe('provider faults', () => {
  const baseline = sockets();
  const faults = new Map<string, Fault>();
  let provider: FakeProvider;
  let model: Model;
  let impatient: Model;
  beforeAll(async () => {
    provider = await startFakeProvider({ faults: ({ body }) => faults.get(body.model ?? '') });
    model = await openai(provider.url);
    impatient = await openai(provider.url, SHORT_MS);
  });
  afterAll(async () => {
    await provider.close();
    while (sockets() > baseline) await new Promise(setImmediate);
  });

  /** The model's name tells the server the fault, so that rows cannot disturb each other. */
  function request(name: string, fault: Fault): ChatRequest {
    faults.set(name, fault);
    return { ...REQUEST, model: name };
  }

  it.each(Object.entries(ROWS))('%s', async (name, { fault, kind, status, retryAfterMs, sends }) => {
    const sent = request(name, fault);
    const subject = kind === 'timeout' ? impatient : model;
    const startedAt = performance.now();
    const error = await failureOf(subject.chat(sent, { signal: never }));
    expect(performance.now() - startedAt).toBeLessThan(LONG_MS / 2);
    expect(error.kind).toBe(kind);
    if (status !== undefined) expect(error.status).toBe(status);
    if (retryAfterMs !== undefined) expect(error.retryAfterMs).toBe(retryAfterMs);
    expect(error.message).toContain(`model "${name}" at 127.0.0.1:`);
    if (error.status !== undefined) expect(error.message).toContain(`status ${error.status}`);
    expectSafe(error);

    const before = provider.requests.length;
    const policy = {
      deadlineMs: 5000,
      maxAttempts: 3,
      backoffMs: 1,
      maxBackoffMs: 2,
      clock: systemClock,
      random: () => 0,
    };
    const limiter = createLimiter({ concurrency: 10, clock: systemClock });
    const call = limiter.run((slot) =>
      retry(({ signal }) => slot.attempt(() => subject.chat(sent, { signal }), signal), { ...policy, signal: never }),
    );
    expectSafe(await failureOf(call));
    expect(provider.requests.length - before).toBe(sends);
    expect(limiter.effective).toBe(kind === 'rate-limit' ? 8 : 10);
    await provider.idle();
  });

  describe('429', () => {
    const date = (format: (at: Date) => string) => (): string => format(new Date(Date.now() + 90_000));
    const part = (at: Date, options: Intl.DateTimeFormatOptions): string =>
      at.toLocaleString('en-US', { timeZone: 'UTC', ...options });
    const time = (at: Date): string => at.toISOString().slice(11, 19);
    const day = (at: Date): string => at.toISOString().slice(8, 10);

    it.each([
      ['seconds', 'retry-after', () => '90'],
      ['an HTTP date', 'retry-after', date((at) => at.toUTCString())],
      [
        'a date of RFC 850',
        'retry-after',
        date(
          (at) =>
            `${part(at, { weekday: 'long' })}, ${day(at)}-${part(at, { month: 'short' })}-${part(at, { year: '2-digit' })} ${time(at)} GMT`,
        ),
      ],
      [
        'a date of asctime',
        'retry-after',
        date(
          (at) =>
            `${part(at, { weekday: 'short' })} ${part(at, { month: 'short' })} ${part(at, { day: 'numeric' }).padStart(2)} ${time(at)} ${part(at, { year: 'numeric' })}`,
        ),
      ],
      ['milliseconds', 'retry-after-ms', () => '90000'],
      ['the reset of its tokens', 'x-ratelimit-reset-tokens', () => '1m30s'],
      ['the reset of its requests', 'x-ratelimit-reset-requests', () => '90s'],
      ['the time of its reset', 'x-ratelimit-reset', () => String(Math.ceil(Date.now() / 1000) + 90)],
    ])('with %s says how long to wait', async (name, header, value) => {
      const sent = request(`429 ${name}`, http(429, { code: 'rate_limit_exceeded' }, { [header]: value() }));
      const error = await failureOf(model.chat(sent, { signal: never }));
      expect(error).toMatchObject({ kind: 'rate-limit', status: 429 });
      expect(error.retryAfterMs).toBeGreaterThan(85_000);
      expect(error.retryAfterMs).toBeLessThanOrEqual(91_000);
      expectSafe(error);
    });

    it.each(['-7', 'NaN', '1e99', '99999999999', 'soon', ''])(
      'with a retry-after of "%s" says nothing',
      async (value) => {
        const sent = request(`429 ${value}`, http(429, {}, { 'retry-after': value }));
        const error = await failureOf(model.chat(sent, { signal: never }));
        expect([error.kind, error.retryAfterMs]).toEqual(['rate-limit', undefined]);
      },
    );

    it('is tried again, shrinks the concurrency once, and stays within the deadline', async () => {
      let refused = 0;
      await using limited = await startFakeProvider({
        faults: () => (++refused <= 8 ? http(429, {}, { 'retry-after-ms': '40' }) : undefined),
      });
      const limitedModel = await openai(limited.url);
      const limiter = createLimiter({ concurrency: 8, clock: systemClock });
      const startedAt = performance.now();
      const calls = Array.from({ length: 8 }, () =>
        limiter.run((slot) =>
          retry(({ signal }) => slot.attempt(() => limitedModel.chat(REQUEST, { signal }), signal), {
            backoffMs: 1,
            clock: systemClock,
            random: () => 0,
            signal: never,
          }),
        ),
      );
      for (const { value, attempts } of await Promise.all(calls)) {
        expect([(value as ChatReply).content, attempts]).toEqual(['ok', 2]);
      }
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(40);
      expect([limiter.configured, limiter.effective]).toEqual([8, 6]);
      expect(limited.requests).toHaveLength(16);
    });
  });

  it('an abort in the middle of a call ends it at once with its reason, and closes the socket', async () => {
    const stop = new AbortController();
    const reason = new Error('interrupted');
    const call = model.chat(request('to be aborted', 'hang'), { signal: stop.signal });
    while (provider.requests.at(-1)?.body.model !== 'to be aborted') await new Promise(setImmediate);
    stop.abort(reason);
    await expect(call).rejects.toBe(reason);
    await provider.idle();
  });

  it('an unknown host, a closed port and a server without TLS are network faults', async () => {
    const closed = await startFakeProvider();
    await closed.close();
    const addresses = ['http://host.invalid/v1', closed.url, provider.url.replace('http:', 'https:')];
    for (const address of addresses) {
      const call = (await openai(address)).chat(REQUEST, { signal: never });
      const error = await failureOf(call);
      expect(['network', 'timeout']).toContain(error.kind);
      expect(error.message).toContain(new URL(address).host);
      expectSafe(error);
    }
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'fatal'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'fatal'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'fatal'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'fatal'],
    ['UND_ERR_CONNECT_TIMEOUT', 'network'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout'],
    ['EAI_AGAIN', 'network'],
    ['ENETUNREACH', 'network'],
  ])('%s of the connection is %s', (code, kind) => {
    const cause = Object.assign(new Error('from the system'), { code });
    expect(transportFault(new TypeError('fetch failed', { cause })).kind).toBe(kind);
  });
});

/** Open TCP sockets of this process, of clients and servers. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
}
