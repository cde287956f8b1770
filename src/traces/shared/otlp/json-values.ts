import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import { type AttributeCollector, type Budget, charge, finite, isForbiddenKey, wellFormed } from './attributes.ts';
import type { DecodeContext } from './protobuf-values.ts';
import { exactInteger } from './wire.ts';

/** Reads `[{ key, value: AnyValue }]` into flat attributes. Entries of another shape are ignored. */
export function readKeyValues(list: Json | undefined, attributes: AttributeCollector, context: DecodeContext): void {
  if (!Array.isArray(list)) return;
  for (const entry of list) {
    if (!isJsonObject(entry) || typeof entry.key !== 'string' || !attributes.accepts(entry.key)) continue;
    const budget = attributes.budget();
    const key = entry.key.slice(0, 1024);
    const value = isJsonObject(entry.value) ? readValue(entry.value, budget, context, 1) : null;
    if (typeof value === 'string') attributes.setText(key, value, budget);
    else attributes.set(key, value, budget);
  }
}

/** A value outside of attributes, such as a log's body; at most the size of an attribute's. */
export function readPlainValue(value: JsonObject, context: DecodeContext): Json {
  return readValue(value, { left: context.limits.maxValueBytes, cut: false }, context, 2);
}

function readValue(value: JsonObject, budget: Budget, context: DecodeContext, depth: number): Json {
  budget.left -= 8;
  if (typeof value.stringValue === 'string') {
    const text = wellFormed(value.stringValue);
    return depth === 1 ? text : charge(text, budget);
  }
  if (value.boolValue !== undefined) return value.boolValue === true || value.boolValue === 'true';
  if (value.intValue !== undefined) return integer(value.intValue);
  if (value.doubleValue !== undefined) return double(value.doubleValue);
  if (typeof value.bytesValue === 'string') return charge(value.bytesValue, budget);
  if (isJsonObject(value.arrayValue)) return readArray(value.arrayValue.values, budget, context, depth);
  if (isJsonObject(value.kvlistValue)) return readMap(value.kvlistValue.values, budget, context, depth);
  return null;
}

function readArray(values: Json | undefined, budget: Budget, context: DecodeContext, depth: number): Json {
  const result: Json[] = [];
  if (!Array.isArray(values)) return result;
  for (const value of values) {
    if (budget.left <= 0) {
      budget.cut = true;
      break;
    }
    result.push(isJsonObject(value) ? readValue(value, budget, context, depth + 1) : null);
  }
  return result;
}

function readMap(values: Json | undefined, budget: Budget, context: DecodeContext, depth: number): Json {
  const result: { [key: string]: Json } = {};
  if (!Array.isArray(values)) return result;
  for (const pair of values) {
    if (!isJsonObject(pair) || typeof pair.key !== 'string') continue;
    if (budget.left <= 0) {
      budget.cut = true;
      break;
    }
    const key = charge(pair.key, budget);
    const value = isJsonObject(pair.value) ? readValue(pair.value, budget, context, depth + 1) : null;
    if (isForbiddenKey(key)) context.request.droppedAttributes++;
    else result[key] = value;
  }
  return result;
}

function integer(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? exactInteger(BigInt(value)) : null;
}

function double(value: Json): Json {
  if (typeof value === 'number') return finite(value);
  if (typeof value !== 'string') return null;
  const number = Number(value);
  return Number.isNaN(number) ? value.slice(0, 32) : finite(number);
}
