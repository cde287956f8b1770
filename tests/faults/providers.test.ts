import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { createLimiter } from '../../src/engine/limiter.ts';
import { retry } from '../../src/engine/retry.ts';
import type { ChatReply, ChatRequest, Model } from '../../src/models/model.ts';
import { ModelError } from '../../src/models/model.ts';
import { transportFault } from '../../src/models/openai/exchange.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadPlugin } from '../../src/plugins.ts';
import { type FakeProvider, type Fault, startFakeProvider } from '../helpers/fake-provider.ts';
import { CANARIES, http, ROWS } from './provider-rows.ts';

/*
 * The provider fault matrix (B5 of the reliability reference): each row through the real client over real HTTP. Every
 * row must end with the expected class, in bounded time, without a leaked socket, and without a key in the error.
 * An unhandled rejection anywhere fails the run by itself.
 */

/** Of an attempt: for rows that have to run into it, and for all others, so that a busy machine fails none. */
const SHORT_MS = 100;
const LONG_MS = 20_000;
const REQUEST: ChatRequest = {
  model: 'the-model',
  messages: [{ role: 'user', content: 'private-conversation' }],
  maxOutputTokens: 9,
};
const never = new AbortController().signal;

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
    // A part of a key is a leak too.
    expect(everything).not.toContain(`canary${String(canary).padStart(2, '0')}`);
  }
  expect(everything).not.toMatch(/sk-pr|private-conversation/);
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
    ['ETIMEDOUT', 'network'],
    ['HPE_HEADER_OVERFLOW', 'protocol'],
    ['EAI_AGAIN', 'network'],
    ['ENETUNREACH', 'network'],
  ])('%s of the connection is %s', (code, kind) => {
    const error = Object.assign(new Error('from the system'), { code });
    expect(transportFault(error).kind).toBe(kind);
    expect(transportFault(new AggregateError([error])).message).toContain(`${code}: from the system`);
  });
});

/** Open TCP sockets of this process, of clients and servers. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
}
