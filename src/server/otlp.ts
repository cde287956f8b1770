import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../core/errors.ts';
import { discardBody, readBody } from './body.ts';
import { COMPRESSIONS, compressionOf } from './decompress.ts';
import type { Ingest } from './ingest.ts';
import type { ServerLimits } from './limits.ts';
import { answerType, type Encoding, encodingOf, type Signal, statusBody, successBody } from './otlp-reply.ts';

/** Paths of OTLP over HTTP. Of logs only GenAI events are kept; metrics are acknowledged and forgotten: exporters that send all signals must not fail. */
const SIGNALS = new Map<string, Signal>([
  ['/v1/traces', 'traces'],
  ['/v1/logs', 'logs'],
  ['/v1/metrics', 'metrics'],
  // Where Langfuse's SDKs send to below LANGFUSE_HOST.
  ['/api/public/otel/v1/traces', 'traces'],
]);

/** Seconds after which a refused client should try again. */
const RETRY_AFTER_SECONDS = 1;

/** Taken for the size of a body without Content-Length until it has been read. */
const UNANNOUNCED_BYTES = 256 * 1024;

export type OtlpReceiver = {
  /** Whether the request was for one of the OTLP paths and is being answered. */
  handle(request: IncomingMessage, response: ServerResponse): boolean;
};

/** The OTLP/HTTP receiver (opentelemetry-proto `docs/specification.md`), on plain node:http for the speed of its streams. */
export function createOtlpReceiver(ingest: Ingest, limits: ServerLimits): OtlpReceiver {
  let waitingBytes = 0;
  let waitingRequests = 0;

  async function receive(signal: Signal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const encoding = encodingOf(request.headers['content-type']);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refuse(response, encoding ?? 'json', 405, 'send a POST request');
    }
    if (encoding === undefined) {
      return refuse(response, 'json', 415, 'send Content-Type application/x-protobuf or application/json');
    }
    const compression = compressionOf(request.headers['content-encoding']);
    if (compression === undefined) {
      response.setHeader('accept-encoding', COMPRESSIONS.join(', '));
      return refuse(response, encoding, 415, `send Content-Encoding ${COMPRESSIONS.join(', ')} or none`);
    }
    // Counted before it is read, so that many large bodies at once cannot pass.
    let bytes = Math.min(Number(request.headers['content-length'] ?? UNANNOUNCED_BYTES), limits.maxBodyBytes);
    if (waitingRequests >= limits.maxWaitingRequests || waitingBytes + bytes > limits.maxWaitingBytes) {
      return refuse(response, encoding, 429, 'too much is waiting to be stored, send again later');
    }
    waitingRequests++;
    waitingBytes += bytes;
    try {
      const body = await readBody(request, limits.maxBodyBytes);
      if (body === 'gone') return;
      if (body === 'too-large') {
        return refuse(
          response,
          encoding,
          413,
          `the body is larger than ${limits.maxBodyBytes} bytes; send smaller batches`,
        );
      }
      waitingBytes += body.byteLength - bytes;
      bytes = body.byteLength;
      if (signal === 'metrics') return send(response, encoding, 200, successBody(encoding, signal, 0, ''));
      const reply = await ingest.submit({ signal, body, encoding, compression });
      if (reply.status !== 200) return refuse(response, encoding, reply.status, reply.message);
      send(response, encoding, 200, successBody(encoding, signal, reply.rejected, reply.message));
    } finally {
      waitingRequests--;
      waitingBytes -= bytes;
    }
  }

  return {
    handle(request, response) {
      const signal = SIGNALS.get((request.url ?? '').replace(/\/?(\?.*)?$/, ''));
      if (signal === undefined) return false;
      receive(signal, request, response).catch((error) => refuse(response, 'json', 500, messageOf(error)));
      return true;
    },
  };
}

export function refuse(response: ServerResponse, encoding: Encoding, status: number, message: string): void {
  if (status === 429 || status === 503) response.setHeader('retry-after', RETRY_AFTER_SECONDS);
  const body = statusBody(encoding, status, message);
  if (response.req.complete) {
    send(response, encoding, status, body);
    return;
  }
  // With `Connection: close` the end of the answer closes the connection.
  discardBody(response.req, () => response.end());
  writeHead(response, encoding, status, body);
  response.write(body);
}

function send(response: ServerResponse, encoding: Encoding, status: number, body: Buffer): void {
  if (response.destroyed) return;
  writeHead(response, encoding, status, body);
  response.end(body);
}

function writeHead(response: ServerResponse, encoding: Encoding, status: number, body: Buffer): void {
  const type = answerType(encoding, response.req.headers['content-type']);
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
}
