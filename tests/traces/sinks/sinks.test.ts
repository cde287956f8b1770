import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../../src/config/environment.ts';
import type { Span } from '../../../src/core/trace.ts';
import type { TraceStore } from '../../../src/stores/trace-store.ts';
import { createHttpSink } from '../../../src/traces/sinks/http.ts';
import { createJsonlSink, readSpanFile } from '../../../src/traces/sinks/jsonl.ts';
import { createOtlpExporter } from '../../../src/traces/sinks/otlp.ts';
import { createStoreSink } from '../../../src/traces/sinks/store.ts';
import { createTrajectorySink } from '../../../src/traces/sinks/trajectory.ts';
import { readTrajectory } from '../../../src/traces/trajectory.ts';
import { richSpan, type SinkHarness, sinkContract } from '../../contracts/sink.ts';
import { temporaryFolder } from '../../helpers/folder.ts';
import { decodeOtlp } from '../otlp/decode.ts';
import { type Received, receiver } from './receiver.ts';

const signal = new AbortController().signal;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A file that stands where the folder should be. */
function blockable(folder: string) {
  return {
    breakIt: () => writeFileSync(folder, ''),
    repairIt: () => rmSync(folder, { recursive: true }),
  };
}

sinkContract('jsonl', async (): Promise<SinkHarness> => {
  const folder = join(temporaryFolder(), 'traces');
  return {
    sink: createJsonlSink({ folder }),
    async received() {
      const files = existsSync(folder) ? readdirSync(folder) : [];
      return (await Promise.all(files.map((file) => collect(readSpanFile(join(folder, file)))))).flat();
    },
    ...blockable(folder),
  };
});

sinkContract('trajectory', async (): Promise<SinkHarness> => {
  const folder = join(temporaryFolder(), 'traces');
  return {
    sink: createTrajectorySink({ folder }),
    async received() {
      const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
      const events = await Promise.all(files.map((file) => collect(readTrajectory(join(folder, file)))));
      return events.flat().map(({ run_id }) => ({ traceId: run_id }));
    },
    ...blockable(folder),
  };
});

async function remote(
  create: (url: string) => SinkHarness['sink'],
  read: (request: Received) => readonly Span[] | object,
) {
  const { url, requests, answer } = await receiver();
  return {
    sink: create(url),
    received: async () =>
      requests.filter((request) => request.status === 200).flatMap((request) => read(request) as readonly Span[]),
    breakIt: () => answer(503),
    repairIt: () => answer(200),
  };
}

sinkContract('http', () =>
  remote(
    (url) => createHttpSink({ url }),
    ({ body }) => JSON.parse(body.toString('utf8')).spans,
  ),
);

sinkContract('otlp', () =>
  remote(
    (endpoint) => createOtlpExporter({ endpoint, environment: createEnvironment({}) }) as SinkHarness['sink'],
    ({ body }) => decodeOtlp(gunzipSync(body)),
  ),
);

sinkContract('store', async (): Promise<SinkHarness> => {
  const spans = new Map<string, Span>();
  let broken = false;
  const store: Pick<TraceStore, 'saveSpans' | 'spans'> = {
    async saveSpans(batch) {
      if (broken) throw new Error('database is locked');
      for (const span of batch) spans.set(`${span.traceId}${span.spanId}`, span);
    },
    spans: async () => [...spans.values()],
  };
  return {
    sink: createStoreSink(store),
    received: async () => [...spans.values()],
    breakIt: () => {
      broken = true;
    },
    repairIt: () => {
      broken = false;
    },
  };
});

describe('jsonl sink', () => {
  it('loses nothing of a span and cuts a torn line off before it appends', async () => {
    const folder = temporaryFolder();
    await createJsonlSink({ folder }).write([richSpan(1)], { signal });
    const [name = ''] = readdirSync(folder);
    expect(name).toBe('spans-2025-11-21.jsonl');
    const file = join(folder, name);
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, `${whole}${whole.slice(0, 50)}`);
    await createJsonlSink({ folder }).write([richSpan(2)], { signal });
    expect(await collect(readSpanFile(file, () => expect.unreachable()))).toEqual([richSpan(1), richSpan(2)]);
  });

  it('reads what it can of a file with foreign and newer lines, and reports the rest', async () => {
    const file = join(temporaryFolder(), 'spans.jsonl');
    const line = (value: object) => `${JSON.stringify(value)}\n`;
    writeFileSync(
      file,
      line({ schema_version: 1, ...richSpan(1) }) + line({ schema_version: 9, ...richSpan(2) }) + line({}),
    );
    const problems: unknown[] = [];
    expect(await collect(readSpanFile(file, (problem) => problems.push(problem)))).toEqual([richSpan(1)]);
    expect(problems).toHaveLength(2);
  });
});

describe('trajectory sink', () => {
  it('goes on with the numbering of a trace that an earlier process began', async () => {
    const folder = temporaryFolder();
    await createTrajectorySink({ folder }).write([richSpan(2)], { signal });
    await createTrajectorySink({ folder }).write([richSpan(1)], { signal });
    const events = await collect(readTrajectory(join(folder, `${'a'.repeat(32)}.jsonl`)));
    expect(events.map(({ idx }) => idx)).toEqual(events.map((_, index) => index));
    expect(events.map(({ event_type }) => event_type)).toEqual([
      'run_started',
      'phase',
      'final_report',
      'run_completed',
    ]);
    expect(JSON.parse(readFileSync(join(folder, `${'a'.repeat(32)}.summary.json`), 'utf8')).status).toBe('ok');
  });
});

describe('otlp exporter', () => {
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

  it('is absent when no endpoint is known, or when the SDK is disabled', () => {
    expect(createOtlpExporter({ environment: createEnvironment({}) })).toBeUndefined();
    expect(
      createOtlpExporter({ environment: createEnvironment({ ...variables, OTEL_SDK_DISABLED: 'true' }) }),
    ).toBeUndefined();
    expect(
      createOtlpExporter({ environment: createEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' }) }),
    ).toBeUndefined();
    expect(
      createOtlpExporter({ environment: createEnvironment({ ...variables, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }) }),
    ).toBeUndefined();
    expect(createOtlpExporter({ environment: createEnvironment(variables) })?.name).toBe('otlp');
  });

  it('takes address, headers, protocol and compression from the standard variables', async () => {
    const { url, requests } = await receiver();
    const environment = createEnvironment({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-team = a=b ,broken',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
    });
    await createOtlpExporter({ environment })?.write([richSpan(1)], { signal });
    const exact = createEnvironment({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/exactly/here` });
    await createOtlpExporter({ environment: exact })?.write([richSpan(1)], { signal });
    expect(requests.map((request) => request.path)).toEqual(['/base/v1/traces', '/exactly/here']);
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer abc',
      'x-team': 'a=b',
      'content-type': 'application/json',
    });
    expect(requests[0]?.headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(String(requests[0]?.body)).resourceSpans).toHaveLength(1);
    expect(requests[1]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    });
  });

  it.each([
    [400, false],
    [401, false],
    [307, false],
    [500, false],
    [429, true],
    [502, true],
  ])('tells the answer %i apart: worth another attempt is %s', async (status, retryable) => {
    const { url, answer } = await receiver();
    answer(status, { 'retry-after': '7', location: '/elsewhere' });
    const sink = createOtlpExporter({ endpoint: url, environment: createEnvironment({}) });
    await expect(sink?.write([richSpan(1)], { signal })).rejects.toMatchObject({ retryable, retryAfterMs: 7000 });
  });

  it('names the host but never a key when it cannot connect', async () => {
    const sink = createOtlpExporter({
      endpoint: 'http://127.0.0.1:1',
      headers: { authorization: 'Bearer abc' },
      environment: createEnvironment({}),
    });
    const error = await sink?.write([richSpan(1)], { signal }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ retryable: true, message: expect.stringContaining('127.0.0.1:1') });
    expect(String(error)).not.toContain('abc');
  });
});
