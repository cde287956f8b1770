export type Encoding = 'protobuf' | 'json';
export type Signal = 'traces' | 'logs' | 'metrics';

/** What a partial success calls what it left out; in protobuf it is field 1 for all. */
const REJECTED: { readonly [signal in Signal]: string } = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

/** The first type of each encoding is ours; others are understood and answered in kind. */
const CONTENT_TYPES: { readonly [encoding in Encoding]: readonly [string, ...string[]] } = {
  protobuf: ['application/x-protobuf', 'application/protobuf'],
  json: ['application/json'],
};

/** The encoding that a content type asks for, parameters ignored; undefined for all others. */
export function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = mediaTypeOf(contentType);
  return (['protobuf', 'json'] as const).find((encoding) => CONTENT_TYPES[encoding].includes(type));
}

/** The content type of an answer: the request's own where it is of this encoding. */
export function answerType(encoding: Encoding, asked: string | undefined): string {
  const types = CONTENT_TYPES[encoding];
  return types.find((type) => type === mediaTypeOf(asked)) ?? types[0];
}

function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** ExportTraceServiceResponse: empty on full success, else `partial_success { rejected_spans = 1, error_message = 2 }`. */
export function successBody(encoding: Encoding, signal: Signal, rejected: number, message: string): Buffer {
  if (rejected === 0 && message === '') return Buffer.from(encoding === 'json' ? '{}' : '');
  if (encoding === 'json') {
    const partialSuccess = {
      ...(rejected > 0 ? { [REJECTED[signal]]: String(rejected) } : {}),
      errorMessage: message,
    };
    return Buffer.from(JSON.stringify({ partialSuccess }));
  }
  const partial = Buffer.concat([varintField(1, rejected), textField(2, message)]);
  return Buffer.concat([Buffer.from([0x0a]), varint(partial.length), partial]);
}

/** google.rpc.Status `{ code = 1, message = 2 }`, which OTLP wants as the body of every error. */
export function statusBody(encoding: Encoding, httpStatus: number, message: string): Buffer {
  const code = RPC_CODES[httpStatus] ?? 2;
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.concat([varintField(1, code), textField(2, message)]);
}

/** google.rpc.Code of an HTTP status: INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED ... */
const RPC_CODES: { readonly [status: number]: number } = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  408: 4,
  413: 3,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
};

function varintField(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([field << 3]), varint(value)]);
}

function textField(field: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.length === 0 ? bytes : Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
