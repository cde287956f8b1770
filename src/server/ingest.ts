import { isApoError, messageOf } from '../core/errors.ts';
import type { TraceStore } from '../stores/trace-store.ts';
import { readTraceJson } from '../traces/shared/otlp/json.ts';
import { OtlpError } from '../traces/shared/otlp/limits.ts';
import { type DecodedLogs, readLogsJson, readLogsProtobuf } from '../traces/shared/otlp/logs.ts';
import { readTraceProtobuf } from '../traces/shared/otlp/protobuf.ts';
import type { DecodedRequest } from '../traces/shared/otlp/span.ts';
import { type Compression, decompress } from './decompress.ts';
import type { ServerLimits } from './limits.ts';
import type { Encoding } from './otlp-reply.ts';

/** One export request as it came off the wire. */
export type IngestRequest = {
  readonly signal: 'traces' | 'logs';
  /** Memory of its own: it may be moved to another thread. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly encoding: Encoding;
  readonly compression: Compression;
};

/** 200 only after everything accepted is committed. 503 may be sent again, 400, 413 and 500 must not. */
export type IngestReply = {
  readonly status: 200 | 400 | 413 | 500 | 503;
  /** Spans or log records that were left out. */
  readonly rejected: number;
  /** What was wrong or left out; '' when nothing was. */
  readonly message: string;
  /** Why nothing can be stored, for whoever runs the server; not sent. */
  readonly cause?: string;
};

/** Takes export requests. `submit` answers when the request's spans are on disk. */
export interface Ingest {
  submit(request: IngestRequest): Promise<IngestReply>;
  /** Stores what was submitted and ends. */
  close(): Promise<void>;
}

/**
 * Stores the spans of several requests in one transaction, so that one flush to disk answers all of them. A request that
 * cannot be read does not touch the others.
 */
export async function ingestTogether(
  store: TraceStore,
  requests: readonly IngestRequest[],
  limits: ServerLimits,
  nowMs: number,
): Promise<readonly IngestReply[]> {
  const decoded = requests.map((request) => decode(request, limits, nowMs));
  const spans = decoded.flatMap((result) => ('spans' in result ? result.spans : []));
  const events = decoded.flatMap((result) => ('events' in result ? result.events : []));
  try {
    await store.saveSpans(spans);
    await store.saveEvents(events);
  } catch (error) {
    const failure = failureOf(error);
    return decoded.map((result) => ('status' in result ? result : failure));
  }
  return decoded.map((result) =>
    'status' in result ? result : 'spans' in result ? acceptance(result) : logsAcceptance(result),
  );
}

type Decoded = DecodedRequest | DecodedLogs | IngestReply;

function decode(request: IngestRequest, limits: ServerLimits, nowMs: number): Decoded {
  try {
    const bytes = decompress(request.body, request.compression, limits);
    if (request.signal === 'logs') {
      const isJson = request.encoding === 'json';
      return isJson ? readLogsJson(jsonOf(bytes)) : readLogsProtobuf(bytes);
    }
    const receivedNs = BigInt(nowMs) * 1_000_000n;
    return request.encoding === 'json'
      ? readTraceJson(jsonOf(bytes), receivedNs)
      : readTraceProtobuf(bytes, receivedNs);
  } catch (error) {
    if (error instanceof OtlpError) return { status: error.status, rejected: 0, message: error.message };
    return { status: 500, rejected: 0, message: `the request could not be processed: ${messageOf(error)}` };
  }
}

/** Senders on Windows put a byte order mark first; an empty body is an empty request. */
function jsonOf(bytes: Buffer): string {
  return bytes.toString().replace(/^\ufeff/, '') || '{}';
}

function failureOf(error: unknown): IngestReply {
  const retryable = isApoError(error) && error.code.startsWith('store-');
  return {
    status: retryable ? 503 : 500,
    rejected: 0,
    message: retryable ? 'the spans could not be stored, send them again' : `internal error: ${messageOf(error)}`,
    cause: messageOf(error),
  };
}

function acceptance(request: DecodedRequest): IngestReply {
  const notes = [...request.reasons].map(([reason, times]) => `${times} x ${reason}`);
  if (request.truncatedValues > 0) notes.push(`${request.truncatedValues} attribute values were cut to the size limit`);
  if (request.droppedAttributes > 0) notes.push(`${request.droppedAttributes} attributes were dropped`);
  if (request.droppedEvents > 0) notes.push(`${request.droppedEvents} events or links were dropped`);
  return { status: 200, rejected: request.rejectedSpans, message: notes.join('; ') };
}

function logsAcceptance({ rejected }: DecodedLogs): IngestReply {
  const message =
    rejected === 0
      ? ''
      : `${rejected} x GenAI event without the trace and span (or, for an evaluation, the response id) that it is about`;
  return { status: 200, rejected, message };
}
