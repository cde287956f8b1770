import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { isMessageList } from './chat.ts';
import { INPUT } from './fields.ts';

/** Names below which tools put the one text of an input. */
const TEXT_KEYS: readonly string[] = [...INPUT, 'query', 'text', 'message', 'user_input'];

/**
 * A row as other tools export it, under the names that are read: LangSmith (`inputs`, `outputs`), Langfuse
 * (`expectedOutput`, `input: { messages }`), OpenAI preference pairs, TRL completions, instruction data (Alpaca, Dolly).
 * Any other row stays as it is.
 */
export function fromExport(row: JsonObject): JsonObject {
  const { inputs, outputs, preferred_output: preferred, completion, ...rest } = instructed(row);
  const read: { [name: string]: Json | undefined } = { ...rest };
  if (isJsonObject(inputs) && read.input === undefined) read.input = inputs;
  else if (inputs !== undefined) read.inputs = inputs;
  if (isJsonObject(read.input)) Object.assign(read, fromRequest(read.input));
  const answers: readonly [string, Json | undefined][] = [
    ['outputs', outputs],
    ['preferred_output', preferred],
    // A completion that is marked as a bad one is no answer to expect.
    ['completion', row.label === false ? undefined : completion],
  ];
  for (const [name, value] of answers) {
    const answer = answerIn(value);
    if (answer !== undefined && read.expected === undefined) read.expected = answer;
    else if (row[name] !== undefined) read[name] = row[name];
  }
  return Object.fromEntries(Object.entries(read).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** `instruction` with what it is about; Dolly calls the answer `response`. */
function instructed(row: JsonObject): JsonObject {
  const { instruction, input, response, ...rest } = row;
  const isAsked = [...INPUT, 'messages'].some((name) => name !== 'input' && row[name] !== undefined);
  if (typeof instruction !== 'string' || instruction.trim() === '' || isAsked) return row;
  if (input !== undefined && input !== null && typeof input !== 'string') return row;
  return {
    ...rest,
    input: [instruction, input].filter(Boolean).join('\n\n'),
    ...(response === undefined ? {} : row.output === undefined ? { expected: response } : { response }),
  };
}

/** The messages or the one text of a request; a structure of its own stays the input. */
function fromRequest(request: JsonObject): JsonObject {
  const { messages, ...rest } = request;
  if (isMessageList(messages)) return { input: messages as Json, ...rest };
  const [only, ...more] = Object.entries(request);
  const isText = only !== undefined && more.length === 0 && TEXT_KEYS.includes(only[0]) && typeof only[1] === 'string';
  return isText ? { input: only[1] } : {};
}

function answerIn(value: Json | undefined): Json | undefined {
  if (typeof value === 'string' && value !== '') return value;
  const list = isJsonObject(value) ? value.messages : value;
  if (isMessageList(list)) {
    const content = (list as readonly JsonObject[]).findLast(({ role }) => role === 'assistant')?.content;
    return typeof content === 'string' && content !== '' ? content : undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const [only, ...more] = Object.values(value);
  return more.length === 0 && only !== undefined ? only : value;
}
