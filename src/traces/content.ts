import { hashOf, isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';
import type { Span } from '../core/trace.ts';
import { preview } from './shared/trajectory-event.ts';

/** `full`: everything. `preview`: the first 200 characters and a SHA-256. `none`: structure, names and figures only. */
export type ContentLevel = 'full' | 'preview' | 'none';

/** Attributes that hold what people and models wrote; those with `json` hold it as JSON text. */
const CONTENT_KEYS: { readonly [key: string]: 'json' | 'text' } = {
  'gen_ai.input.messages': 'json',
  'gen_ai.output.messages': 'json',
  'gen_ai.system_instructions': 'json',
  'gen_ai.tool.definitions': 'json',
  'gen_ai.tool.call.arguments': 'json',
  'gen_ai.tool.call.result': 'text',
  'gen_ai.evaluation.explanation': 'text',
  'apo.feedback.correction': 'text',
};

/** Keys of a message part that name things instead of saying something. */
const STRUCTURE = new Set(['type', 'role', 'id', 'name', 'finish_reason', 'modality', 'mime_type']);

/** Leaves content out of a span, or shortens it, without touching names, ids, times and figures. */
export function limitContent(span: Span, level: ContentLevel): Span {
  if (level === 'full') return span;
  return mapAttributes(span, (key, value) => {
    if (!Object.hasOwn(CONTENT_KEYS, key)) return value;
    return level === 'none' ? undefined : shorten(key, value);
  });
}

function shorten(key: string, value: Json): Json {
  const short = (text: string): string => {
    const start = preview(text);
    return start === text ? text : `${start}… [sha256:${hashOf(text)}]`;
  };
  if (typeof value !== 'string') return mapStrings(value, short);
  if (CONTENT_KEYS[key] !== 'json') return short(value);
  const parsed = parseJson(value);
  return parsed.ok && typeof parsed.value === 'object' ? JSON.stringify(mapStrings(parsed.value, short)) : short(value);
}

/** Applies `redact` to every text that can hold content; JSON stays valid, names and ids (all `gen_ai.*` that is no content) stay as they are. */
export function redactSpan(span: Span, redact: (text: string) => string): Span {
  const redacted = mapAttributes(span, (key, value) => {
    if (key.startsWith('gen_ai.') && !Object.hasOwn(CONTENT_KEYS, key)) return value;
    if (typeof value !== 'string') return mapStrings(value, redact);
    const parsed = /^\s*[[{]/.test(value) ? parseJson(value) : undefined;
    return parsed?.ok ? JSON.stringify(mapStrings(parsed.value, redact)) : redact(value);
  });
  return { ...redacted, statusMessage: redact(span.statusMessage) };
}

function mapAttributes(span: Span, map: (key: string, value: Json) => Json | undefined): Span {
  const mapped = (attributes: JsonObject): JsonObject => {
    const out: Record<string, Json> = {};
    for (const [key, value] of Object.entries(attributes)) {
      const next = map(key, value);
      if (next !== undefined) out[key] = next;
    }
    return out;
  };
  return {
    ...span,
    attributes: mapped(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: mapped(event.attributes) })),
  };
}

function mapStrings(value: Json, map: (text: string) => string): Json {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item: Json) => mapStrings(item, map));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      STRUCTURE.has(key) && typeof item === 'string' ? item : mapStrings(item, map),
    ]),
  );
}
