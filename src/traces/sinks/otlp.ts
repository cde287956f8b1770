import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Environment, loadEnvironment } from '../../config/environment.ts';
import { Secret } from '../../core/secret.ts';
import { encodeOtlpJson, encodeOtlpProtobuf } from '../otlp/encode.ts';
import { type Headers, isRemote, post } from '../shared/post.ts';
import type { TraceSink } from '../sink.ts';

export type OtlpOptions = {
  /** Base address such as `http://localhost:4318`; `/v1/traces` is added. Default: from the environment. */
  readonly endpoint?: string;
  readonly headers?: Headers;
  readonly protocol?: 'http/protobuf' | 'http/json';
  /** Default `gzip`. */
  readonly compression?: 'gzip' | 'none';
  /** Default: that of the process and its `.env` file. */
  readonly environment?: Environment;
};

const compress = promisify(gzip);

/**
 * Sends spans to an OpenTelemetry collector or backend over OTLP/HTTP. What the options leave open comes from the
 * standard variables: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (used as it is), `OTEL_EXPORTER_OTLP_ENDPOINT`,
 * `..._HEADERS`, `..._PROTOCOL` (default `http/protobuf`), `..._COMPRESSION` (default `gzip`), and
 * `OTEL_SDK_DISABLED=true`. Undefined when no endpoint is known, or the address or protocol is none that it can speak.
 */
export function createOtlpExporter(options: OtlpOptions = {}): TraceSink | undefined {
  const environment = options.environment ?? loadEnvironment();
  const setting = (name: string): string | undefined =>
    environment.get(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? environment.get(`OTEL_EXPORTER_OTLP_${name}`);
  const url = addressOf(options.endpoint, environment);
  const protocol = options.protocol ?? setting('PROTOCOL') ?? 'http/protobuf';
  if (url === undefined || environment.get('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  if (protocol !== 'http/protobuf' && protocol !== 'http/json') return undefined;
  const zipped = (options.compression ?? setting('COMPRESSION') ?? 'gzip') === 'gzip';
  const headers: Headers = {
    ...parseHeaders(environment.get('OTEL_EXPORTER_OTLP_HEADERS')),
    ...parseHeaders(environment.get('OTEL_EXPORTER_OTLP_TRACES_HEADERS')),
    ...options.headers,
    'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
  };
  return {
    name: 'otlp',
    leavesMachine: isRemote(url),
    async write(spans, { signal }) {
      const body = protocol === 'http/json' ? encodeOtlpJson(spans) : encodeOtlpProtobuf(spans);
      await post(url, zipped ? await compress(body) : body, headers, signal);
    },
    async close() {},
  };
}

function addressOf(endpoint: string | undefined, environment: Environment): string | undefined {
  const exact = endpoint === undefined ? environment.get('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') : undefined;
  const base = endpoint ?? environment.get('OTEL_EXPORTER_OTLP_ENDPOINT');
  const url = exact ?? (base === undefined ? undefined : `${base.replace(/\/+$/, '')}/v1/traces`);
  return url !== undefined && /^https?:\/\//i.test(url) && URL.canParse(url) ? url : undefined;
}

/** `key=value,key2=value2`, percent-encoded as in W3C baggage; members that are not pairs are left out. */
function parseHeaders(text: string | undefined): Headers {
  const pairs = (text ?? '').split(',').flatMap((member): [string, Secret][] => {
    const separator = member.indexOf('=');
    const name = member.slice(0, separator).trim().toLowerCase();
    return separator > 0 && name !== '' ? [[name, new Secret(decode(member.slice(separator + 1).trim()))]] : [];
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
