/** Just enough protobuf writing to build requests that no exporter would send. */
export function bytesField(number: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function varintField(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

export function fixed64Field(number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([varint(number * 8 + 1), bytes]);
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function attribute(key: string, value: Uint8Array): Buffer {
  return bytesField(9, Buffer.concat([bytesField(1, key), bytesField(2, value)]));
}

export function textAttribute(key: string, text: string): Buffer {
  return attribute(key, bytesField(1, text));
}

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** A whole span message; `extra` fields are appended. */
export function spanMessage(extra: readonly Uint8Array[] = [], ids: { trace?: string; span?: string } = {}): Buffer {
  return Buffer.concat([
    bytesField(1, Buffer.from(ids.trace ?? TRACE_ID, 'hex')),
    bytesField(2, Buffer.from(ids.span ?? '00f067aa0ba902b7', 'hex')),
    bytesField(5, 'chat'),
    fixed64Field(7, 1_795_000_000_000_000_000n),
    fixed64Field(8, 1_795_000_001_000_000_000n),
    ...extra,
  ]);
}

/** ExportTraceServiceRequest around span messages. */
export function traceRequest(...spans: readonly Uint8Array[]): Buffer {
  return bytesField(1, bytesField(2, Buffer.concat(spans.map((span) => bytesField(2, span)))));
}
