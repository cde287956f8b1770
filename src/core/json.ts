import { createHash } from 'node:crypto';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Deepest nesting that foreign JSON may have: JSON.stringify and structuredClone overflow the stack near 10,000. */
export const MAX_JSON_DEPTH = 64;

export type ParsedJson = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly reason: string };

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses foreign text. Never throws: syntax errors, nesting deeper than {@link MAX_JSON_DEPTH} and keys that could reach
 * an object's prototype come back as a reason. Lone surrogates become U+FFFD. Numbers beyond double precision are rounded as JSON.parse does.
 */
export function parseJson(text: string): ParsedJson {
  let value: unknown;
  try {
    value = parseWellFormed(text);
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : 'not JSON' };
  }
  const reason = findUnsafe(value);
  return reason === undefined ? { ok: true, value: value as Json } : { ok: false, reason };
}

/**
 * JSON.parse that turns lone surrogates, which no UTF-8 file or database can hold, into U+FFFD: what is hashed is then what
 * is stored. They can only come from escapes.
 */
export function parseWellFormed(text: string): unknown {
  return /\\u[dD][89a-fA-F]/.test(text)
    ? JSON.parse(text, (_key, value) =>
        typeof value === 'string' ? value.replace(/\p{Surrogate}/gu, '\ufffd') : value,
      )
    : JSON.parse(text);
}

/** Why a parsed value must not be taken in: too deep, or a key that could reach an object's prototype. */
export function findUnsafe(root: unknown): string | undefined {
  const stack: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > MAX_JSON_DEPTH) return `nested deeper than ${MAX_JSON_DEPTH} levels`;
    if (!Array.isArray(value)) {
      const bad = forbiddenKey(value);
      if (bad !== undefined) return `forbidden key "${bad}"`;
    }
    for (const child of Object.values(value)) {
      if (typeof child === 'object' && child !== null) stack.push({ value: child, depth: depth + 1 });
    }
  }
  return undefined;
}

/** The first key of the object itself, not of what is in it, that could reach a prototype. */
export function forbiddenKey(value: object): string | undefined {
  return Object.keys(value).find((key) => FORBIDDEN_KEYS.has(key));
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with sorted keys and without undefined members: equal values give equal text (in the manner of RFC 8785). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** Not a replacer: that one is called for every member, and takes twice as long. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  if ('toJSON' in value && typeof value.toJSON === 'function') return sorted(value.toJSON());
  const members = value as { readonly [key: string]: unknown };
  return Object.fromEntries(
    Object.keys(members)
      .sort()
      .map((key) => [key, sorted(members[key])]),
  );
}

/** SHA-256 in hex of a text, or of the canonical JSON of anything else. */
export function hashOf(value: unknown): string {
  return createHash('sha256')
    .update(typeof value === 'string' ? value : canonicalJson(value))
    .digest('hex');
}
