/**
 * The part of the protobuf wire format that OTLP traces need (https://protobuf.dev/programming-guides/encoding/):
 * a writer into one growing buffer. A nested message is written in place; its length goes in front afterwards.
 */
export type ProtobufWriter = {
  bytes(field: number, value: Uint8Array): void;
  string(field: number, value: string): void;
  bool(field: number, value: boolean): void;
  /** Signed 64-bit integer of a whole number or a decimal text. */
  int64(field: number, value: number | bigint): void;
  double(field: number, value: number): void;
  fixed64(field: number, value: bigint): void;
  fixed32(field: number, value: number): void;
  message(field: number, write: () => void): void;
  finish(): Buffer;
};

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;
/** A length below 2^28 takes four bytes at most when it is padded, which protobuf allows. */
const LENGTH_BYTES = 4;

export function createProtobufWriter(): ProtobufWriter {
  let buffer = Buffer.allocUnsafe(16 * 1024);
  let size = 0;

  function reserve(bytes: number): void {
    if (size + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, size + bytes));
    buffer.copy(larger, 0, 0, size);
    buffer = larger;
  }
  function varint(value: number): void {
    reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      buffer[size++] = (rest & 0x7f) | 0x80;
      rest = Math.floor(rest / 128);
    }
    buffer[size++] = rest;
  }
  function tag(field: number, type: number): void {
    varint(field * 8 + type);
  }
  return {
    bytes(field, value) {
      tag(field, LENGTH);
      varint(value.length);
      reserve(value.length);
      buffer.set(value, size);
      size += value.length;
    },
    string(field, value) {
      const length = Buffer.byteLength(value);
      tag(field, LENGTH);
      varint(length);
      reserve(length);
      size += buffer.write(value, size, 'utf8');
    },
    bool(field, value) {
      tag(field, VARINT);
      varint(value ? 1 : 0);
    },
    int64(field, value) {
      tag(field, VARINT);
      let rest = BigInt.asUintN(64, BigInt(value));
      reserve(10);
      while (rest > 0x7fn) {
        buffer[size++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      buffer[size++] = Number(rest);
    },
    double(field, value) {
      tag(field, FIXED64);
      reserve(8);
      size = buffer.writeDoubleLE(value, size);
    },
    fixed64(field, value) {
      tag(field, FIXED64);
      reserve(8);
      size = buffer.writeBigUInt64LE(BigInt.asUintN(64, value), size);
    },
    fixed32(field, value) {
      tag(field, FIXED32);
      reserve(4);
      size = buffer.writeUInt32LE(value, size);
    },
    message(field, write) {
      tag(field, LENGTH);
      reserve(LENGTH_BYTES);
      const start = size;
      size += LENGTH_BYTES;
      write();
      const length = size - start - LENGTH_BYTES;
      for (let index = 0; index < LENGTH_BYTES; index++) {
        const more = index < LENGTH_BYTES - 1 ? 0x80 : 0;
        buffer[start + index] = ((length >>> (7 * index)) & 0x7f) | more;
      }
    },
    finish: () => Buffer.from(buffer.subarray(0, size)),
  };
}
