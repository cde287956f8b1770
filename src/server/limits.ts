/** What the server takes in. Each limit answers with a status that tells an exporter whether to send again. */
export type ServerLimits = {
  /** Bytes of a request body on the wire; more is 413. Default 4 MiB. */
  readonly maxBodyBytes: number;
  /** Bytes after decompression; more is 413. Default 20 MiB. */
  readonly maxDecodedBytes: number;
  /** Decompressed size over wire size; more is taken for a bomb: 413. Default 100. */
  readonly maxRatio: number;
  /** Body bytes and requests that wait to be stored; more is 429 with Retry-After. Defaults 16 MiB and 256. */
  readonly maxWaitingBytes: number;
  readonly maxWaitingRequests: number;
  /** Milliseconds for a request's headers and for the whole request; later is 408. Defaults 10 s and 30 s. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Milliseconds that open requests get when the server stops. Default 3 s. */
  readonly stopTimeoutMs: number;
};

export const SERVER_LIMITS: ServerLimits = {
  maxBodyBytes: 4 * 1024 * 1024,
  maxDecodedBytes: 20 * 1024 * 1024,
  maxRatio: 100,
  maxWaitingBytes: 16 * 1024 * 1024,
  maxWaitingRequests: 256,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  stopTimeoutMs: 3_000,
};
