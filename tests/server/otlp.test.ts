import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApoError } from '../../src/core/errors.ts';
import { assembleTrace } from '../../src/traces/shared/conventions/assemble.ts';
import { startTestServer, type TestServer } from '../helpers/http-server.ts';
import { bytesField, fixed64Field, spanMessage, TRACE_ID, textAttribute, traceRequest } from '../helpers/protobuf.ts';

const { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } = zlib;
/** Node has it from 22.15 on. */
const { zstdCompressSync: zstd } = zlib as { readonly zstdCompressSync?: (body: Uint8Array) => Buffer };

const FIXTURE = join(import.meta.dirname, '../fixtures/otlp_trace_request');
const PROTOBUF = readFileSync(`${FIXTURE}.pb`);
const JSON_TEXT = readFileSync(`${FIXTURE}.json`);
const FIXTURE_TRACE = 'ac30bafaab54f7b0eb23d1d8cc039718';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

type Sent = { readonly status: number; readonly type: string | null; readonly body: Buffer; readonly headers: Headers };

async function send(
  body: Uint8Array | string,
  headers: Record<string, string>,
  path = '/v1/traces',
  url = server.url,
): Promise<Sent> {
  const reply = await fetch(url + path, { method: 'POST', body, headers });
  return {
    status: reply.status,
    type: reply.headers.get('content-type'),
    body: Buffer.from(await reply.arrayBuffer()),
    headers: reply.headers,
  };
}
const protobuf = { 'content-type': 'application/x-protobuf' };
const json = { 'content-type': 'application/json' };

describe('the OTLP receiver', () => {
  it('stores a protobuf request and answers with 0 bytes of protobuf', async () => {
    const sent = await send(traceRequest(spanMessage()), protobuf);
    expect(sent).toMatchObject({ status: 200, type: 'application/x-protobuf', body: Buffer.alloc(0) });
    expect(await server.traces.spans(TRACE_ID)).toHaveLength(1);
  });

  it("takes traces where Langfuse's SDKs send them", async () => {
    const sent = await send(traceRequest(spanMessage()), protobuf, '/api/public/otel/v1/traces');
    expect(sent).toMatchObject({ status: 200 });
    expect(await server.traces.spans(TRACE_ID)).toHaveLength(1);
  });

  it('answers with the content type that was sent, also for errors', async () => {
    const type = 'application/protobuf';
    const headers = { 'content-type': `${type}; charset=utf-8` };
    expect(await send(traceRequest(spanMessage()), headers)).toMatchObject({ status: 200, type });
    expect(await send(Buffer.from('no protobuf'), headers)).toMatchObject({ status: 400, type });
  });

  it('stores a JSON request, parameters of the content type ignored, and answers {}', async () => {
    const sent = await send(JSON_TEXT, { 'content-type': 'application/json; charset=utf-8' });
    expect(sent).toMatchObject({ status: 200, type: 'application/json' });
    expect(JSON.parse(sent.body.toString())).not.toHaveProperty('partialSuccess.rejectedSpans');
    expect(await server.traces.spans(FIXTURE_TRACE)).toHaveLength(1);
  });

  it.each([
    ['gzip', gzipSync(PROTOBUF)],
    ['deflate', deflateSync(PROTOBUF)],
    ['deflate', deflateRawSync(PROTOBUF)],
    ['br', brotliCompressSync(PROTOBUF)],
    ['identity', PROTOBUF],
    ['gzip', ''],
  ])('reads %s', async (encoding, body) => {
    expect(await send(body, { ...protobuf, 'content-encoding': encoding })).toMatchObject({ status: 200 });
  });

  it('takes what the OpenTelemetry Python SDK 1.45.2 sent: a trace with gzip, and an evaluation as a log', async () => {
    const trace = '28c3c25ad9708d9275305125c6058b92';
    const bytes = (name: string) =>
      readFileSync(join(import.meta.dirname, '../fixtures', `otel_python_1.45.2_${name}`));
    expect(await send(bytes('logs.pb'), protobuf, '/v1/logs')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    const sent = await send(bytes('traces.pb.gz'), { ...protobuf, 'content-encoding': 'gzip' });
    expect(sent).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    const summary = { spans: 2, userId: 'py-user', sessionId: 'py-s', service: 'py-agent', score: 0, inputTokens: 3 };
    expect(await server.traces.find(trace)).toMatchObject(summary);
    expect(await server.traces.feedback(trace)).toMatchObject([
      {
        name: 'user_feedback',
        source: 'human',
        score: 0,
        label: 'bad',
        comment: 'not polite',
        spanId: '06f31a7aba2caf5f',
      },
    ]);
    const [, chat] = await server.traces.spans(trace);
    expect(chat?.attributes.big).toBe('4611686018427387904');
  });

  it('reads a body that comes in chunks, on a path with a slash or a query', async () => {
    const trace = 'c0ffee'.repeat(5).padEnd(32, '0');
    const bytes = traceRequest(spanMessage([], { trace }));
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 7) controller.enqueue(new Uint8Array(bytes.subarray(at, at + 7)));
        controller.close();
      },
    });
    const request = { method: 'POST', body, headers: protobuf, duplex: 'half' } as RequestInit;
    expect((await fetch(`${server.url}/v1/traces/?x=/y`, request)).status).toBe(200);
    expect(await server.traces.spans(trace)).toHaveLength(1);
  });

  it('reads JSON behind a byte order mark', async () => {
    expect(await send(`\ufeff${JSON_TEXT}`, json)).toMatchObject({ status: 200 });
    expect(await server.traces.spans(FIXTURE_TRACE)).not.toEqual([]);
    const logs = await send('\ufeff{"resourceLogs":[]}', json, '/v1/logs');
    expect(logs).toMatchObject({ status: 200 });
    expect(await send('\ufeff', json)).toMatchObject({ status: 200 });
  });

  it('takes an empty request for a success', async () => {
    expect(await send('', protobuf)).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect((await send('{}', json)).body.toString()).toBe('{}');
    expect((await send('', json)).body.toString()).toBe('{}');
  });

  it('answers partial success with the count of rejected spans, in both encodings', async () => {
    const request = traceRequest(spanMessage(), spanMessage([], { trace: '00'.repeat(16) }));
    const sent = await send(request, protobuf);
    expect(sent.status).toBe(200);
    // partial_success (1) { rejected_spans (1) = 1, error_message (2) }
    expect(sent.body[0]).toBe(0x0a);
    expect([...sent.body.subarray(2, 5)]).toEqual([0x08, 0x01, 0x12]);
    const spans = [
      { traceId: '0'.repeat(32), spanId: '1'.repeat(16) },
      { traceId: TRACE_ID, spanId: '1'.repeat(16), startTimeUnixNano: '1795000000000000000' },
    ];
    const reply = await send(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }), json);
    expect(JSON.parse(reply.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: '1 x trace id is not 16 non-zero bytes' },
    });
  });

  it.each([
    ['damaged protobuf', Buffer.from([0x0a, 0xff]), protobuf, 400],
    ['damaged JSON', '{', json, 400],
    ['a list of something else', '{"resourceSpans":[5]}', json, 400],
    ['a damaged gzip body', 'not gzip', { ...protobuf, 'content-encoding': 'gzip' }, 400],
    ['an unknown content type', 'x', { 'content-type': 'text/plain' }, 415],
    ['no content type', new Uint8Array([1]), {}, 415],
    ['an unknown compression', 'x', { ...json, 'content-encoding': 'compress' }, 415],
    ['two compressions', 'x', { ...json, 'content-encoding': 'gzip, gzip' }, 415],
  ])('refuses %s with a google.rpc.Status', async (_name, body, headers, status) => {
    const sent = await send(body, headers);
    expect(sent.status).toBe(status);
    if (sent.type === 'application/json') {
      expect(JSON.parse(sent.body.toString())).toEqual({ code: 3, message: expect.any(String) });
    } else expect([...sent.body.subarray(0, 3)]).toEqual([0x08, 3, 0x12]);
  });

  it.skipIf(zstd === undefined)('reads zstd where Node has it, whole frames only', async () => {
    const body = zstd?.(PROTOBUF) ?? Buffer.alloc(0);
    const headers = { ...protobuf, 'content-encoding': 'zstd' };
    expect(await send(body, headers)).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect((await send(zstd?.(Buffer.alloc(0)) ?? '', headers)).status).toBe(200);
    for (const cut of [1, 20, body.length - 40]) {
      expect((await send(body.subarray(0, body.length - cut), headers)).status, `${cut}`).toBe(400);
    }
    expect((await send(zstd?.(Buffer.alloc(30 * 1024 * 1024)) ?? '', headers)).status).toBe(413);
  });

  it('names the compressions that it reads', async () => {
    const sent = await send('x', { ...json, 'content-encoding': 'compress' });
    expect(sent.headers.get('accept-encoding')).toMatch(/^gzip, deflate, br(, zstd)?$/);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('allows POST only, not %s', async (method) => {
    const reply = await fetch(`${server.url}/v1/traces`, { method });
    expect(reply.status).toBe(405);
    expect(reply.headers.get('allow')).toBe('POST');
  });

  it.each(['/v1/metrics', '/v1/logs'])('acknowledges %s in the encoding of the request', async (path) => {
    expect(await send('', protobuf, path)).toMatchObject({ status: 200, type: 'application/x-protobuf' });
    expect((await send('{}', json, path)).body.toString()).toBe('{}');
  });

  it('counts a span once however often, late or out of order it arrives (S09)', async () => {
    const trace = 'b'.repeat(32);
    const child = spanMessage([], { trace, span: '2'.repeat(16) });
    const root = spanMessage([], { trace, span: '1'.repeat(16) });
    for (const request of [traceRequest(child), traceRequest(root, child), traceRequest(child, child)]) {
      expect((await send(request, protobuf)).status).toBe(200);
    }
    expect(await server.traces.spans(trace)).toHaveLength(2);
    expect(await server.traces.find(trace)).toMatchObject({ spans: 2 });
  });

  it('answers 503 with Retry-After while the store cannot write, and stores nothing', async () => {
    const failing = await startTestServer({
      traces: (real) => ({
        ...real,
        saveSpans: async () => {
          throw new ApoError('store-write', 'disk full', { retryable: true });
        },
      }),
    });
    const sent = await send(PROTOBUF, protobuf, '/v1/traces', failing.url);
    expect(sent.status).toBe(503);
    expect(sent.headers.get('retry-after')).toBe('1');
    await failing.close();
  });

  it.each([
    ['requests', { maxWaitingRequests: 2 }],
    ['bytes', { maxWaitingBytes: PROTOBUF.length * 2 }],
  ])('answers 429 with Retry-After when too many %s are waiting', async (_name, limits) => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const busy = await startTestServer({
      limits,
      traces: (real) => ({ ...real, saveSpans: async (spans) => gate.then(() => real.saveSpans(spans)) }),
    });
    const waiting = Array.from({ length: 3 }, () => send(PROTOBUF, protobuf, '/v1/traces', busy.url));
    const refused = await Promise.race(waiting);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('1');
    release();
    expect((await Promise.all(waiting)).map(({ status }) => status).sort()).toEqual([200, 200, 429]);
    await busy.close();
  });

  it('answers a bad request with 400 although it shares a transaction with good ones', async () => {
    const replies = await Promise.all([
      send(traceRequest(spanMessage([], { trace: 'c'.repeat(32) })), protobuf),
      send(Buffer.from([0x0a, 0xff]), protobuf),
      send(traceRequest(spanMessage([], { trace: 'd'.repeat(32) })), protobuf),
    ]);
    expect(replies.map(({ status }) => status)).toEqual([200, 400, 200]);
    expect(await server.traces.find('c'.repeat(32))).toBeDefined();
    expect(await server.traces.find('d'.repeat(32))).toBeDefined();
  });
});

describe('logs', () => {
  const spanId = '00f067aa0ba902b7';
  const value = (text: string | number) => (typeof text === 'string' ? { stringValue: text } : { doubleValue: text });
  const record = (traceId: string, eventName: string, attributes: Record<string, string | number>) => ({
    traceId,
    spanId,
    timeUnixNano: '1795000000500000000',
    eventName,
    attributes: Object.entries(attributes).map(([key, given]) => ({ key, value: value(given) })),
  });
  const logs = (...logRecords: object[]) => JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  const output = JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'late words' }] }]);

  it('bring evaluations and messages to their span, before or after it, once', async () => {
    const trace = '1e'.repeat(16);
    const body = logs(
      record(trace, 'gen_ai.evaluation.result', {
        'gen_ai.evaluation.name': 'helpful',
        'gen_ai.evaluation.score.value': 0.5,
      }),
      record(trace, 'gen_ai.client.inference.operation.details', { 'gen_ai.output.messages': output }),
      record(trace, 'app.other', { text: 'not ours' }),
    );
    expect((await send(body, json, '/v1/logs')).status).toBe(200);
    await send(traceRequest(spanMessage([], { trace, span: spanId })), protobuf);
    expect((await send(body, json, '/v1/logs')).status).toBe(200);
    expect(await server.traces.find(trace)).toMatchObject({ score: 0.5, feedback: 1 });
    const spans = await server.traces.spans(trace);
    expect(spans[0]?.events.map(({ name }) => name)).toEqual(['gen_ai.client.inference.operation.details']);
    expect(assembleTrace(spans).events.map((event) => ('content' in event ? event.content : event.type))).toContain(
      'late words',
    );
  });

  it('show what they say in lists and searches, before or after the span', async () => {
    const question = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'asked by log' }] }]);
    for (const order of ['before', 'after']) {
      const trace = order === 'before' ? '3e'.repeat(16) : '4e'.repeat(16);
      const details = { 'gen_ai.input.messages': question, 'gen_ai.output.messages': output };
      const body = logs(record(trace, 'gen_ai.client.inference.operation.details', details));
      if (order === 'before') await send(body, json, '/v1/logs');
      await send(traceRequest(spanMessage([], { trace, span: spanId })), protobuf);
      if (order === 'after') await send(body, json, '/v1/logs');
      await send(traceRequest(spanMessage([], { trace, span: '0'.repeat(15).concat('9') })), protobuf);
      expect(await server.traces.find(trace), order).toMatchObject({
        input: 'asked by log',
        output: 'late words',
        spans: 2,
      });
    }
    const { traces } = await server.traces.list({ text: 'asked late' });
    expect(traces.map(({ traceId }) => traceId).sort()).toEqual(['3e'.repeat(16), '4e'.repeat(16)]);
  });

  it('judge a whole trace without naming a span, and are counted where they name nothing', async () => {
    const trace = '5e'.repeat(16);
    const judged = { 'gen_ai.evaluation.name': 'ok', 'gen_ai.evaluation.score.value': 1 };
    const whole = { ...record(trace, 'gen_ai.evaluation.result', judged), spanId: '' };
    const nothing = { ...record('', 'gen_ai.evaluation.result', judged), spanId: '' };
    const sent = await send(logs(whole, nothing, { body: { stringValue: 'a log line' } }), json, '/v1/logs');
    expect(JSON.parse(sent.body.toString())).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringContaining('without the trace') },
    });
    await send(traceRequest(spanMessage([], { trace, span: spanId })), protobuf);
    expect(await server.traces.find(trace)).toMatchObject({ score: 1, feedback: 1 });
    expect(await server.traces.feedback(trace)).toMatchObject([{ spanId: null, score: 1 }]);
  });

  it('judge a response that they name by its id alone, or beside the ids of the judge, before or after its span', async () => {
    const judged = (responseId: string) => ({
      'gen_ai.evaluation.name': 'ok',
      'gen_ai.evaluation.score.value': 1,
      'gen_ai.response.id': responseId,
    });
    for (const key of ['gen_ai.response.id', 'ai.response.id']) {
      for (const [order, from] of [
        ['before', ''],
        ['after', ''],
        ['before', '9f'.repeat(16)],
        ['after', '9f'.repeat(16)],
      ] as const) {
        const name = `${key} ${order} ${from}`;
        const trace = randomBytes(16).toString('hex');
        const span = spanMessage([textAttribute(key, name)], { trace, span: spanId });
        const event = { ...record(from, 'gen_ai.evaluation.result', judged(name)), spanId: from.slice(0, 16) };
        const evaluation = logs(event);
        if (order === 'after') await send(traceRequest(span), protobuf);
        expect(await send(evaluation, json, '/v1/logs'), name).toMatchObject({ status: 200, body: Buffer.from('{}') });
        if (order === 'before') await send(traceRequest(span), protobuf);
        expect(await server.traces.find(trace), name).toMatchObject({ score: 1, feedback: 1 });
        await send(traceRequest(span), protobuf);
        await send(evaluation, json, '/v1/logs');
        expect(await server.traces.find(trace), name).toMatchObject({ score: 1, feedback: 1 });
        expect(await server.traces.feedback(trace), name).toMatchObject([{ spanId, name: 'ok' }]);
      }
    }
    expect(await server.traces.feedback('9f'.repeat(16))).toEqual([]);
  });

  it('are read from protobuf too, and refused when damaged', async () => {
    const trace = '2e'.repeat(16);
    const log = Buffer.concat([
      fixed64Field(1, 1_795_000_000_500_000_000n),
      bytesField(6, Buffer.concat([bytesField(1, 'gen_ai.evaluation.name'), bytesField(2, bytesField(1, 'helpful'))])),
      bytesField(9, Buffer.from(trace, 'hex')),
      bytesField(10, Buffer.from(spanId, 'hex')),
      bytesField(12, 'gen_ai.evaluation.result'),
    ]);
    const request = bytesField(1, bytesField(2, bytesField(2, log)));
    expect(await send(request, protobuf, '/v1/logs')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    expect(await server.traces.feedback(trace)).toMatchObject([{ name: 'helpful', spanId }]);
    expect((await send(Buffer.from([0x0a, 0xff]), protobuf, '/v1/logs')).status).toBe(400);
  });
});

describe('the API', () => {
  it('says in one line what is wrong with a request', async () => {
    const asked = await fetch(`${server.url}/api/traces?limit=abc`);
    expect(asked.status).toBe(400);
    expect(((await asked.json()) as { error: string }).error).toMatch(/^limit: [^\n]+$/);
    await send(traceRequest(spanMessage()), protobuf);
    const given = await send('{"rating":9}', json, `/api/traces/${TRACE_ID}/feedback`);
    expect(given.status).toBe(400);
    expect(JSON.parse(given.body.toString()).error).toMatch(/^rating: [^\n]+$/);
  });

  it('takes feedback on a response of which only the id is known, also before its span', async () => {
    const early = await send('{"responseId":"resp_early","thumbs":"down"}', json, '/api/feedback');
    expect(early.status).toBe(202);
    const trace = '6e'.repeat(16);
    await send(traceRequest(spanMessage([textAttribute('gen_ai.response.id', 'resp_early')], { trace })), protobuf);
    expect(await server.traces.find(trace)).toMatchObject({ score: 0, feedback: 1 });
    const given = await send('{"responseId":"resp_early","thumbs":"up","comment":"yes"}', json, '/api/feedback');
    expect(given.status).toBe(201);
    expect(JSON.parse(given.body.toString()).feedback).toMatchObject([{ traceId: trace }, { traceId: trace }]);
    expect(await server.traces.find(trace)).toMatchObject({ score: 0.5, feedback: 3 });
    for (const bad of [
      '{"thumbs":"up"}',
      '{"responseId":"x"}',
      '{"responseId":"x","nope":1}',
      '[',
      '{"responseId":""}',
    ]) {
      const refused = await send(bad, json, '/api/feedback');
      expect(refused.status, bad).toBe(400);
      expect(JSON.parse(refused.body.toString()).error, bad).toMatch(/^[^\n]+$/);
    }
    expect((await send('{}', protobuf, '/api/feedback')).status).toBe(415);
  });
});

describe('limits on what comes in (S07)', () => {
  it.each(['keep-alive', 'close'])(
    'refuses a body over the limit with 413, which a client that is still sending gets to see (%s)',
    async (kept) => {
      const large = Buffer.alloc(24 * 1024 * 1024);
      const { port } = new URL(server.url);
      const socket = connect(Number(port), '127.0.0.1');
      const head = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n';
      socket.write(`${head}Connection: ${kept}\r\nContent-Length: ${large.length}\r\n\r\n`);
      // A client that reads only after it has sent everything: a connection that is cut meanwhile fails its write.
      await new Promise<void>((resolve, reject) => {
        socket.on('error', reject);
        socket.write(large, (error) => (error ? reject(error) : resolve()));
      });
      const [reply] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(reply.toString()).toMatch(/^HTTP\/1.1 413/);
    },
  );

  it('refuses a body over the limit with 413, announced or not', async () => {
    const large = Buffer.alloc(5 * 1024 * 1024);
    expect((await send(large, protobuf)).status).toBe(413);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(512 * 1024));
      },
    });
    const request = { method: 'POST', body: stream, headers: protobuf, duplex: 'half' } as RequestInit;
    const status = await fetch(`${server.url}/v1/traces`, request).then(
      (reply) => reply.status,
      () => 'cut',
    );
    expect([413, 'cut']).toContain(status);
  });

  it('refuses bombs by size and by ratio after decompression', async () => {
    const compressions = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
    for (const size of [30 * 1024 * 1024, 5 * 1024 * 1024]) {
      for (const [encoding, compress] of Object.entries(compressions)) {
        const bomb = compress(Buffer.alloc(size));
        expect((await send(bomb, { ...protobuf, 'content-encoding': encoding })).status).toBe(413);
      }
    }
  });

  it('cuts a connection that does not finish its request', async () => {
    const slow = await startTestServer({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 200 } });
    const { port } = new URL(slow.url);
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.write('POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n'),
      );
      let received = '';
      socket.on('data', (data) => {
        received += data;
      });
      socket.on('close', () => resolve(received));
    });
    expect(text).toMatch(/^HTTP\/1.1 408/);
    await slow.close();
  });
});
