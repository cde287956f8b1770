import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../helpers/folder.ts';
import { spanMessage, traceRequest } from '../helpers/protobuf.ts';
import { CLI, startServe } from '../helpers/serve-process.ts';

type ExporterOptions = NonNullable<ConstructorParameters<typeof JsonExporter>[0]>;
/** The exporters' enum is in a package that they do not export. */
const GZIP: string = 'gzip';
const FIXTURE = join(import.meta.dirname, '../fixtures/otlp_trace_request');

function apo(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [CLI, ...argv], { encoding: 'utf8' });
}

const listed = (store: string) =>
  JSON.parse(execFileSync(process.execPath, [CLI, 'trace', 'list', '--json', '--store', store], { encoding: 'utf8' }));

async function post(url: string, body: Uint8Array, type = 'application/x-protobuf'): Promise<number> {
  return (await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })).status;
}

/** What an instrumented agent does, by the real SDK. */
async function runAgent(exporter: SpanExporter): Promise<string> {
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer('agent', '1.2.3');
  const root = tracer.startSpan('invoke_agent weather', {
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.conversation.id': 'sdk-session' },
  });
  const inRoot = trace.setSpan(context.active(), root);
  const chat = tracer.startSpan(
    'chat gpt-4o-mini',
    {
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.usage.input_tokens': 12,
        'gen_ai.usage.output_tokens': 3,
        'gen_ai.input.messages': JSON.stringify([
          { role: 'user', parts: [{ type: 'text', content: 'Hi from the SDK' }] },
        ]),
        'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] }]),
      },
    },
    inRoot,
  );
  chat.end();
  const tool = tracer.startSpan(
    'execute_tool get_weather',
    { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'get_weather' } },
    inRoot,
  );
  tool.recordException(new Error('no network'));
  tool.setStatus({ code: SpanStatusCode.ERROR });
  tool.end();
  root.end();
  await provider.shutdown();
  return root.spanContext().traceId;
}

describe('apo serve', () => {
  it('prints one line with its addresses, and receives on both ports', async () => {
    const server = await startServe();
    expect(server.line).toBe(`apo serve: ${server.url} otlp ${server.otlpUrl} store ${server.store}\n`);
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await post(server.otlpUrl, readFileSync(`${FIXTURE}.pb`))).toBe(200);
    expect(await post(`${server.url}/v1/traces`, readFileSync(`${FIXTURE}.json`), 'application/json')).toBe(200);
    expect(await server.stop()).toBe(0);
    expect(listed(server.store).traces).toHaveLength(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('has everything that it accepted on disk after %s', async (signal) => {
    const server = await startServe();
    const posts = Array.from({ length: 20 }, (_, index) =>
      post(server.otlpUrl, traceRequest(spanMessage([], { trace: index.toString(16).padStart(32, 'a') }))).catch(
        () => 0,
      ),
    );
    await posts[0];
    const code = await server.stop(signal);
    const accepted = (await Promise.all(posts)).filter((status) => status === 200).length;
    expect(code).toBe(0);
    expect(accepted).toBeGreaterThan(0);
    expect(listed(server.store).traces.length).toBeGreaterThanOrEqual(Math.min(20, accepted));
  });

  it('has every acknowledged span on disk after SIGKILL', async () => {
    const server = await startServe();
    const ids = Array.from({ length: 10 }, (_, index) => index.toString(16).padStart(32, 'e'));
    for (const id of ids) expect(await post(server.otlpUrl, traceRequest(spanMessage([], { trace: id })))).toBe(200);
    await server.stop('SIGKILL');
    const found = listed(server.store).traces.map(({ traceId }: { traceId: string }) => traceId);
    expect(found.sort()).toEqual(ids);
  });

  it('takes what the OpenTelemetry JS SDK exports, as JSON and protobuf, with and without gzip', async () => {
    const server = await startServe();
    const gzip = { url: server.otlpUrl, compression: GZIP as ExporterOptions['compression'] };
    const exporters = [
      new JsonExporter({ url: server.otlpUrl }),
      new JsonExporter(gzip),
      new ProtobufExporter({ url: server.otlpUrl }),
      new ProtobufExporter(gzip),
    ];
    const ids: string[] = [];
    for (const exporter of exporters) ids.push(await runAgent(exporter));
    await server.stop();
    const { traces } = listed(server.store);
    expect(traces.map(({ traceId }: { traceId: string }) => traceId).sort()).toEqual(ids.sort());
    for (const trace of traces) {
      expect(trace).toMatchObject({
        name: 'invoke_agent weather',
        sessionId: 'sdk-session',
        status: 'error',
        spans: 3,
        models: ['gpt-4o-mini'],
        tools: ['get_weather'],
        inputTokens: 12,
        outputTokens: 3,
        input: 'Hi from the SDK',
        output: 'Hello',
      });
    }
  });

  it('stops although clients keep connections open', async () => {
    const server = await startServe();
    const { port } = new URL(server.url);
    const silent = connect(Number(port), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    await post(server.otlpUrl, readFileSync(`${FIXTURE}.pb`));
    expect(await server.stop()).toBe(0);
    silent.destroy();
  });

  it('answers other routes while hostile requests are being refused (S07)', async () => {
    const server = await startServe();
    const protobuf = { 'content-type': 'application/x-protobuf' };
    const hostile: readonly RequestInit[] = [
      { body: gzipSync(Buffer.alloc(19 * 1024 * 1024)), headers: { ...protobuf, 'content-encoding': 'gzip' } },
      { body: `${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`, headers: { 'content-type': 'application/json' } },
      { body: Buffer.alloc(4 * 1024 * 1024, 0x0a), headers: protobuf },
      // Decodes to 300,000 empty objects: slow to read, and not malformed.
      { body: `{"resourceSpans":[${'{},'.repeat(300_000)}{}]}`, headers: { 'content-type': 'application/json' } },
    ];
    const arrived: string[] = [];
    const refused = Promise.all(
      [...hostile, ...hostile].map(async (request) => {
        const { status } = await fetch(server.otlpUrl, { method: 'POST', ...request });
        arrived.push('hostile');
        return status;
      }),
    );
    for (let probe = 0; probe < 5; probe++) {
      await (await fetch(`${server.url}/healthz`)).text();
      arrived.push('health');
    }
    expect((await refused).filter((status) => status !== 200)).toHaveLength(6);
    // The decoding thread is busy for longer than five answers of another route take.
    expect(arrived.lastIndexOf('hostile')).toBeGreaterThan(arrived.lastIndexOf('health'));
    expect(await server.stop()).toBe(0);
  });
});

describe('exposure (S01)', () => {
  it.each([
    [['--host', '0.0.0.0'], /can be reached from other machines/],
    [['--host', '::'], /can be reached from other machines/],
    [['--unsafe-host', 'collector.test'], /needs a token/],
    [['--port', '99999'], /--port/],
  ])('refuses %j', (flags, message) => {
    const { status, stderr, stdout } = apo('serve', '--store', temporaryStore(), ...flags);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  it('says which port is taken', async () => {
    const server = await startServe();
    const port = new URL(server.url).port;
    const { status, stderr } = apo('serve', '--port', port, '--otlp-port', '0', '--store', temporaryStore());
    expect(status).toBe(2);
    expect(stderr).toContain(port);
    await server.stop();
  });
});
