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

/**
 * Attributes of the GenAI conventions that name, count or describe, and so stay as they are; all others can hold content:
 * the older `gen_ai.prompt.N.content`, for one.
 */
const NAMES =
  /^gen_ai\.(system|provider\.name|operation\.name|output\.type|conversation\.id|data_source\.id|workflow\.name|(agent|prompt)\.(id|name|version)|tool\.(name|type|call\.id)|(request|response|usage|token|evaluation\.(name|score|source))(\..+)?)$/;

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

/** Applies `redact` to every text that can hold content; JSON stays valid, and so do the names and ids of the GenAI conventions. */
export function redactSpan(span: Span, redact: (text: string) => string): Span {
  const redacted = mapAttributes(span, (key, value) => {
    if (NAMES.test(key)) return value;
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
