import type { Json } from '../../../core/json.ts';
import { type AttributeCollector, type Budget, charge, finite, isForbiddenKey } from './attributes.ts';
import { type DecodeLimits, OtlpError } from './limits.ts';
import type { DecodedRequest } from './span.ts';
import { BYTES, FIXED64, VARINT, type WireReader } from './wire.ts';

export type DecodeContext = {
  readonly limits: DecodeLimits;
  readonly request: DecodedRequest;
  /** Stands in for a missing start time. */
  readonly receivedNs: bigint;
};

/** Walks the fields of a message; those that `read` does not take are skipped. */
export function eachField(reader: WireReader, read: (field: number, type: number) => boolean): void {
  while (!reader.done) {
    const tag = reader.tag();
    if (!read(Math.floor(tag / 8), tag % 8)) reader.skip(tag % 8);
  }
}

/** KeyValue: 1 key, 2 value. The value is read only when the key is kept. */
export function readKeyValue(reader: WireReader, attributes: AttributeCollector, context: DecodeContext): void {
  let key = '';
  let value: WireReader | undefined;
  eachField(reader, (field, type) => {
    if (type !== BYTES || (field !== 1 && field !== 2)) return false;
    if (field === 1) key = reader.textUpTo(1024).text;
    else value = reader.message();
    return true;
  });
  if (!attributes.accepts(key)) return;
  const budget = attributes.budget();
  const read = value === undefined ? null : readValue(value, budget, context, 1);
  if (typeof read === 'string') attributes.setText(key, read, budget);
  else attributes.set(key, read, budget);
}

/** A value outside of attributes, such as a log's body; at most the size of an attribute's. */
export function readAnyValue(reader: WireReader, context: DecodeContext): Json {
  return readValue(reader, { left: context.limits.maxValueBytes, cut: false }, context, 2);
}

/** AnyValue: 1 string, 2 bool, 3 int, 4 double, 5 array {1 values}, 6 list of key-values {1 values}, 7 bytes. */
function readValue(reader: WireReader, budget: Budget, context: DecodeContext, depth: number): Json {
  let value: Json = null;
  eachField(reader, (field, type) => {
    if (field === 1 && type === BYTES) value = depth === 1 ? reader.text() : charge(reader.text(), budget);
    else if (field === 2 && type === VARINT) value = reader.unsigned() !== 0;
    else if (field === 3 && type === VARINT) value = reader.int64();
    else if (field === 4 && type === FIXED64) value = finite(reader.double());
    else if (field === 5 && type === BYTES) value = readArray(reader.message(), budget, context, depth);
    else if (field === 6 && type === BYTES) value = readMap(reader.message(), budget, context, depth);
    else if (field === 7 && type === BYTES) value = charge(reader.encoded('base64', budget.left + 3), budget);
    else return false;
    return true;
  });
  budget.left -= 8;
  return value;
}

function readArray(reader: WireReader, budget: Budget, context: DecodeContext, depth: number): Json {
  const values: Json[] = [];
  eachElement(reader, budget, context, depth, (element) => {
    values.push(readValue(element, budget, context, depth + 1));
  });
  return values;
}

function readMap(reader: WireReader, budget: Budget, context: DecodeContext, depth: number): Json {
  const values: { [key: string]: Json } = {};
  eachElement(reader, budget, context, depth, (pair) => {
    let key = '';
    let value: Json = null;
    eachField(pair, (number, wire) => {
      if (wire !== BYTES || (number !== 1 && number !== 2)) return false;
      if (number === 1) key = charge(pair.text(), budget);
      else value = readValue(pair.message(), budget, context, depth + 1);
      return true;
    });
    if (isForbiddenKey(key)) context.request.droppedAttributes++;
    else values[key] = value;
  });
  return values;
}

/** ArrayValue and KeyValueList alike hold their elements in field 1. What the budget does not pay for is left out. */
function eachElement(
  reader: WireReader,
  budget: Budget,
  context: DecodeContext,
  depth: number,
  read: (element: WireReader) => void,
): void {
  checkDepth(depth, context);
  eachField(reader, (field, type) => {
    if (field !== 1 || type !== BYTES) return false;
    if (budget.left <= 0) {
      budget.cut = true;
      return false;
    }
    read(reader.message());
    return true;
  });
}

function checkDepth(depth: number, { limits }: DecodeContext): void {
  if (depth > limits.maxDepth) throw new OtlpError(400, `an attribute is nested deeper than ${limits.maxDepth} levels`);
}
