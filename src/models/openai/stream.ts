import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import { ModelError } from '../model.ts';
import { errorIn } from './faults.ts';

/** Texts that come in pieces. */
const TEXTS = ['content', 'reasoning_content', 'reasoning', 'refusal'] as const;

type Call = { id: string; name: string; arguments: string };

/**
 * The chat completion that a stream of server-sent events amounts to, or the error in it. Gateways stream without being
 * asked, and some models do nothing else.
 * @throws ModelError `protocol` for a stream without `[DONE]` or a reason to finish, which may be half a reply
 */
export function completionOf(stream: string): Json {
  const texts: { [name: string]: string } = {};
  const calls = new Map<Json, Call>();
  let whole: JsonObject = {};
  let finish: Json = null;
  let head: JsonObject = {};
  let isEnded = false;
  for (const data of eventsOf(stream)) {
    if (data === '[DONE]') {
      isEnded = true;
      break;
    }
    const parsed = parseJson(data);
    if (!parsed.ok || !isJsonObject(parsed.value)) throw new ModelError('protocol', 'the stream is not usable JSON');
    const chunk = parsed.value;
    if (errorIn(chunk) !== undefined) return chunk;
    // Usage comes with the last chunk, or with each; `null` in between.
    head = { ...head, ...Object.fromEntries(['id', 'model', 'usage'].flatMap((name) => given(chunk, name))) };
    const choices = Array.isArray(chunk.choices) ? chunk.choices.filter(isJsonObject) : [];
    const choice = choices.find(({ index = 0 }) => index === 0);
    if (choice === undefined) continue;
    if (isJsonObject(choice.message)) {
      whole = choice.message;
      isEnded = true;
    }
    if (isJsonObject(choice.delta)) addDelta(choice.delta, texts, calls);
    finish = choice.finish_reason ?? finish;
  }
  if (!isEnded || finish === null) throw new ModelError('protocol', 'the stream has no end');
  const toolCalls = [...calls.values()].map(({ id, ...called }) => ({ id, type: 'function', function: called }));
  const message = { ...texts, ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }), ...whole };
  if (Object.keys(message).length === 0) throw new ModelError('protocol', 'the stream holds no message');
  return { ...head, choices: [{ message, finish_reason: finish }] };
}

function given(chunk: JsonObject, name: string): [string, Json][] {
  const value = chunk[name];
  return value === undefined || value === null ? [] : [[name, value]];
}

function addDelta(delta: JsonObject, texts: { [name: string]: string }, calls: Map<Json, Call>): void {
  for (const name of TEXTS) {
    const piece = delta[name];
    if (typeof piece === 'string') texts[name] = (texts[name] ?? '') + piece;
  }
  const pieces = Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isJsonObject) : [];
  for (const [position, piece] of pieces.entries()) {
    const key = piece.index ?? position;
    const call = calls.get(key) ?? { id: '', name: '', arguments: '' };
    calls.set(key, call);
    if (typeof piece.id === 'string' && piece.id !== '') call.id = piece.id;
    const called = isJsonObject(piece.function) ? piece.function : {};
    if (typeof called.name === 'string' && called.name !== '') call.name = called.name;
    if (typeof called.arguments === 'string') call.arguments += called.arguments;
  }
}

/** The data of each event (WHATWG HTML, server-sent events); comments, which keep connections alive, are left out. */
function eventsOf(stream: string): readonly string[] {
  return stream
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .split(/\n{2,}/)
    .map((event) =>
      event
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice('data:'.length).trim())
        .join('\n'),
    )
    .filter((data) => data !== '');
}
