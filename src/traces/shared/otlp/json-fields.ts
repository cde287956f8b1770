import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts';
import { wellFormed } from './attributes.ts';
import { OtlpError } from './limits.ts';

/** Lower-case hex of an id in hex or base64; '' when absent; any other text as it is, to be rejected by its length. */
export function hexId(value: Json | undefined, bytes: number): string {
  if (typeof value !== 'string') return '';
  if (value.length === bytes * 2 && /^[0-9a-f]+$/i.test(value)) return value.toLowerCase();
  if (value.length === Math.ceil(bytes / 3) * 4 && /^[\w+/-]+={0,2}$/.test(value)) {
    const decoded = Buffer.from(value, 'base64');
    if (decoded.length === bytes) return decoded.toString('hex');
  }
  return value === '' ? '' : 'invalid';
}

const MAX_NANOSECONDS = 2n ** 64n - 1n;

/**
 * Decimal text of an unsigned 64-bit number given as text, number or, by older JavaScript exporters, its two halves; '0'
 * when there is none.
 */
export function nanoseconds(value: Json | undefined): string {
  if (isJsonObject(value)) return fromHalves(value.high, value.low);
  if (typeof value === 'string' ? !/^\d{1,20}$/.test(value) : !(typeof value === 'number' && value >= 0)) return '0';
  const exact = BigInt(typeof value === 'number' ? Math.trunc(value) : (value as string));
  return exact > MAX_NANOSECONDS ? '0' : exact.toString();
}

function fromHalves(high: Json | undefined, low: Json | undefined): string {
  if (!Number.isInteger(high) || !Number.isInteger(low)) return '0';
  return ((BigInt.asUintN(32, BigInt(high as number)) << 32n) | BigInt.asUintN(32, BigInt(low as number))).toString();
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? wellFormed(value) : '';
}

export function listOf(value: Json | undefined, name: string): readonly JsonObject[] {
  if (value !== undefined && value !== null && !Array.isArray(value))
    throw new OtlpError(400, `"${name}" is not a list`);
  if (Array.isArray(value) && !value.every(isJsonObject))
    throw new OtlpError(400, `"${name}" holds something that is not an object`);
  return objectsOf(value);
}

export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
