import { gunzipSync, inflateSync } from 'node:zlib';
import { OtlpError } from '../traces/shared/otlp/limits.ts';
import type { ServerLimits } from './limits.ts';

export type Compression = 'identity' | 'gzip' | 'deflate';

/** The compression that a Content-Encoding names; undefined for those we do not read. */
export function compressionOf(contentEncoding: string | undefined): Compression | undefined {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  return name === 'deflate' ? 'deflate' : undefined;
}

/**
 * The body as it was before compression.
 * @throws OtlpError 413 beyond the limits on size and ratio, which are checked while unpacking, 400 when it is damaged
 */
export function decompress(
  body: Uint8Array,
  compression: Compression,
  { maxDecodedBytes, maxRatio }: ServerLimits,
): Buffer {
  if (compression === 'identity') return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const maxOutputLength = Math.min(maxDecodedBytes, Math.max(1024, body.byteLength * maxRatio));
  try {
    return compression === 'gzip' ? gunzipSync(body, { maxOutputLength }) : inflateSync(body, { maxOutputLength });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new OtlpError(413, `more than ${maxOutputLength} bytes after decompression; send smaller batches`);
    }
    throw new OtlpError(400, `damaged ${compression} body`);
  }
}
