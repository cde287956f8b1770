import { OtlpError } from './limits.ts';

/** Wire types of the protobuf encoding. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const FIXED32 = 5;

/**
 * A cursor over protobuf bytes. Every length is checked against the enclosing message, so that no input can make it read
 * outside; anything malformed is an OtlpError 400.
 */
export class WireReader {
  position: number;
  readonly end: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** The next field's number times 8 plus its wire type. */
  tag(): number {
    const tag = this.unsigned();
    if (tag < 8 || tag > 0xffffffff) throw malformed('field number');
    return tag;
  }

  /** A varint as a number; beyond 2^53 it is rounded, which only lengths and enums may accept. */
  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < 10; read++) {
      if (this.position >= this.end) throw malformed('varint');
      const byte = this.#bytes[this.position++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw malformed('varint');
  }

  /** A signed 64-bit integer: a number where that is exact, else its decimal text. */
  int64(): number | string {
    const start = this.position;
    const rounded = this.unsigned();
    if (rounded <= Number.MAX_SAFE_INTEGER) return rounded;
    let exact = 0n;
    for (let index = this.position - 1; index >= start; index--) {
      exact = (exact << 7n) | BigInt((this.#bytes[index] as number) & 0x7f);
    }
    return exactInteger(BigInt.asIntN(64, exact));
  }

  /** An unsigned 64-bit integer as decimal text. */
  fixed64(): string {
    const at = this.#advance(8, 'fixed64');
    return this.#bytes.readBigUInt64LE(at).toString();
  }

  double(): number {
    const at = this.#advance(8, 'double');
    return this.#bytes.readDoubleLE(at);
  }

  text(): string {
    const length = this.unsigned();
    const at = this.#advance(length, 'string');
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** At most `maxBytes` of a text, cut at a whole character. */
  textUpTo(maxBytes: number): { readonly text: string; readonly cutBytes: number } {
    const length = this.unsigned();
    const at = this.#advance(length, 'string');
    if (length <= maxBytes) return { text: this.#bytes.toString('utf8', at, at + length), cutBytes: 0 };
    let end = at + maxBytes;
    while (end > at && ((this.#bytes[end] as number) & 0xc0) === 0x80) end--;
    return { text: this.#bytes.toString('utf8', at, end), cutBytes: at + length - end };
  }

  encoded(encoding: 'hex' | 'base64', maxBytes = Number.POSITIVE_INFINITY): string {
    const length = this.unsigned();
    const at = this.#advance(length, 'bytes');
    return this.#bytes.toString(encoding, at, at + Math.min(length, maxBytes));
  }

  /** A reader of the embedded message. */
  message(): WireReader {
    const length = this.unsigned();
    const at = this.#advance(length, 'message');
    return new WireReader(this.#bytes, at, at + length);
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.unsigned();
    else if (wireType === FIXED64) this.#advance(8, 'fixed64');
    else if (wireType === BYTES) this.#advance(this.unsigned(), 'bytes');
    else if (wireType === FIXED32) this.#advance(4, 'fixed32');
    else throw malformed(`wire type ${wireType}`);
  }

  #advance(length: number, what: string): number {
    const at = this.position;
    if (length > this.end - at) throw malformed(what);
    this.position = at + length;
    return at;
  }
}

/** A number where it is exact, else decimal text: JSON numbers are doubles. */
export function exactInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function malformed(what: string): OtlpError {
  return new OtlpError(400, `malformed protobuf (${what})`);
}
