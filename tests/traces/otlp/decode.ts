/** A wire-format reader for tests, written from the table of formats.md 3.6 and independent of the encoder. */
type Field = { readonly number: number; readonly value: bigint | Buffer };

function fieldsOf(buffer: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const [number, type] = [tag >> 3, tag & 7];
    if (type === 0) fields.push({ number, value: varint() });
    else {
      const length = type === 1 ? 8 : type === 5 ? 4 : Number(varint());
      fields.push({ number, value: buffer.subarray(at, at + length) });
      at += length;
    }
  }
  return fields;
}

const bytes = (fields: Field[], number: number) =>
  fields.filter((field) => field.number === number).map(({ value }) => value as Buffer);
const text = (fields: Field[], number: number) => bytes(fields, number)[0]?.toString('utf8') ?? '';
const hex = (fields: Field[], number: number) => bytes(fields, number)[0]?.toString('hex') ?? '';
const time = (fields: Field[], number: number) => bytes(fields, number)[0]?.readBigUInt64LE().toString() ?? '0';
const whole = (fields: Field[], number: number) => Number(fields.find((field) => field.number === number)?.value ?? 0n);

function decodeValue(buffer: Buffer): unknown {
  const [field] = fieldsOf(buffer);
  if (field === undefined) return null;
  const { number, value } = field;
  if (number === 1) return (value as Buffer).toString('utf8');
  if (number === 2) return value === 1n;
  if (number === 3) return Number(BigInt.asIntN(64, value as bigint));
  if (number === 4) return (value as Buffer).readDoubleLE();
  if (number === 5) return bytes(fieldsOf(value as Buffer), 1).map(decodeValue);
  return attributesOf(fieldsOf(value as Buffer), 1);
}

function attributesOf(fields: Field[], number: number): Record<string, unknown> {
  return Object.fromEntries(
    bytes(fields, number).map((pair) => {
      const inner = fieldsOf(pair);
      return [text(inner, 1), decodeValue(bytes(inner, 2)[0] ?? Buffer.alloc(0))];
    }),
  );
}

/** Every span of an export request, flat, with its resource and scope. */
export function decodeOtlp(request: Buffer) {
  return bytes(fieldsOf(request), 1).flatMap((group) => {
    const resourceSpans = fieldsOf(group);
    const resource = attributesOf(fieldsOf(bytes(resourceSpans, 1)[0] ?? Buffer.alloc(0)), 1);
    return bytes(resourceSpans, 2).flatMap((scoped) => {
      const scopeSpans = fieldsOf(scoped);
      const scope = fieldsOf(bytes(scopeSpans, 1)[0] ?? Buffer.alloc(0));
      return bytes(scopeSpans, 2).map((one) => {
        const span = fieldsOf(one);
        const status = fieldsOf(bytes(span, 15)[0] ?? Buffer.alloc(0));
        return {
          resource,
          scope: { name: text(scope, 1), version: text(scope, 2) },
          traceId: hex(span, 1),
          spanId: hex(span, 2),
          parentSpanId: hex(span, 4),
          name: text(span, 5),
          kind: whole(span, 6),
          startNs: time(span, 7),
          endNs: time(span, 8),
          attributes: attributesOf(span, 9),
          events: bytes(span, 11).map((event) => {
            const inner = fieldsOf(event);
            return { timeNs: time(inner, 1), name: text(inner, 2), attributes: attributesOf(inner, 3) };
          }),
          links: bytes(span, 13).map((link) => {
            const inner = fieldsOf(link);
            return { traceId: hex(inner, 1), spanId: hex(inner, 2), attributes: attributesOf(inner, 4) };
          }),
          status: { code: whole(status, 3), message: text(status, 2) },
        };
      });
    });
  });
}
