/** How much of one export request is read. Counts are those of the OpenTelemetry SDK's own span limits. */
export type DecodeLimits = {
  /** Spans in a request; more are refused as a whole. Default 10,000. */
  readonly maxSpans: number;
  /** Attributes of a span, event, link or resource; the first are kept. Default 128. */
  readonly maxAttributes: number;
  /** Events and links of a span, each. Default 128. */
  readonly maxEvents: number;
  /** Bytes of one attribute value; the rest is cut and marked. Default 64 KiB. */
  readonly maxValueBytes: number;
  /** Nesting of arrays and lists in a value. Default 64. */
  readonly maxDepth: number;
};

export const DECODE_LIMITS: DecodeLimits = {
  maxSpans: 10_000,
  maxAttributes: 128,
  maxEvents: 128,
  maxValueBytes: 64 * 1024,
  maxDepth: 64,
};

/** A request that is refused as a whole; nothing of it is stored. */
export class OtlpError extends Error {
  /** HTTP status: 400 cannot be read, 413 too large. */
  readonly status: 400 | 413;

  constructor(status: 400 | 413, message: string) {
    super(message);
    this.name = 'OtlpError';
    this.status = status;
  }
}
