import * as zlib from 'node:zlib';
import { OtlpError } from '../traces/shared/otlp/limits.ts';
import type { ServerLimits } from './limits.ts';

type Decompress = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer;

/**
 * Node has zstd from 22.15 on, which takes a frame that is cut off for one that ends there: of a small one nothing is left,
 * and that is an empty request to whoever reads it. What is left of a large one cannot be read.
 */
const { zstdDecompressSync } = zlib as { readonly zstdDecompressSync?: Decompress };

/** By RFC 9110 `deflate` has zlib's header; some clients leave it out. CM is 8 in its first byte, and both are a multiple of 31. */
const inflate: Decompress = (body, options) =>
  ((body[0] ?? 0) & 0x0f) === 8 && (((body[0] ?? 0) << 8) | (body[1] ?? 0)) % 31 === 0
    ? zlib.inflateSync(body, options)
    : zlib.inflateRawSync(body, options);

const READERS = {
  gzip: zlib.gunzipSync,
  deflate: inflate,
  br: zlib.brotliDecompressSync,
  ...(zstdDecompressSync === undefined ? {} : { zstd: wholeFrame(zstdDecompressSync) }),
} satisfies { readonly [name: string]: Decompress };

/** Bytes of the longest frame that holds nothing: header, one block, checksum. */
const EMPTY_FRAME = 25;

function wholeFrame(read: Decompress): Decompress {
  return (body, options) => {
    const decoded = read(body, options);
    if (decoded.length === 0 && body.byteLength > EMPTY_FRAME) throw new Error('the frame is cut off');
    return decoded;
  };
}

export type Compression = 'identity' | keyof typeof READERS;

/** What `Accept-Encoding` says of this server. */
export const COMPRESSIONS: readonly string[] = Object.keys(READERS);

/** The compression that a Content-Encoding names; undefined for those we do not read. */
export function compressionOf(contentEncoding: string | undefined): Compression | undefined {
  const name = (contentEncoding ?? '')
    .trim()
    .toLowerCase()
    .replace(/^x-gzip$/, 'gzip');
  if (name === '' || name === 'identity') return 'identity';
  return Object.hasOwn(READERS, name) ? (name as Compression) : undefined;
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
  const read: Decompress | undefined = compression === 'identity' ? undefined : READERS[compression];
  // An empty request is a success in every encoding.
  if (read === undefined || body.byteLength === 0) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const maxOutputLength = Math.min(maxDecodedBytes, Math.max(1024, body.byteLength * maxRatio));
  try {
    return read(body, { maxOutputLength });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new OtlpError(413, `more than ${maxOutputLength} bytes after decompression; send smaller batches`);
    }
    throw new OtlpError(400, `damaged ${compression} body`);
  }
}
