import { type Json, parseJson } from '../../core/json.ts';

/**
 * A JSON column of any generation. Agno v2 encodes twice and Python's None becomes the text `null`, so texts are decoded
 * until they are no longer the text of a container.
 */
export function decodeColumn(value: unknown): Json {
  let text: unknown = Buffer.isBuffer(value) ? value.toString('utf8') : value;
  for (let times = 0; times < 4 && typeof text === 'string' && /^\s*["[{n]/.test(text); times++) {
    const parsed = parseJson(text);
    if (!parsed.ok) break;
    text = parsed.value;
  }
  return (text ?? null) as Json;
}
