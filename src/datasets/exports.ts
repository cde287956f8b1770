import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { readMessage } from '../history/shared/messages.ts';
import { isMessageList } from './chat.ts';
import { INPUT } from './fields.ts';

/** Names below which tools put the one text of an input. */
const TEXT_KEYS: readonly string[] = [...INPUT, 'query', 'text', 'message', 'user_input'];

/**
 * A row as other tools export it, under the names that are read: LangSmith (`inputs`, `outputs`), Langfuse
 * (`expectedOutput`, `input: { messages }`), OpenAI preference pairs and evals, TRL completions, instruction data (Alpaca,
 * Dolly), rows of Hugging Face's viewer. Any other row stays as it is.
 */
export function fromExport(exported: JsonObject): JsonObject {
  const row = isJsonObject(exported.row) && exported.row_idx !== undefined ? exported.row : exported;
  const { inputs, outputs, preferred_output: preferred, completion, ...rest } = instructed(row);
  const read: { [name: string]: Json | undefined } = { ...rest };
  if (isJsonObject(inputs) && read.input === undefined) read.input = inputs;
  else if (inputs !== undefined) read.inputs = inputs;
  if (isJsonObject(read.input)) Object.assign(read, fromRequest(read.input));
  if (Array.isArray(read.ideal) && read.ideal.length === 1) read.ideal = read.ideal[0];
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
  const { messages: given, ...rest } = request;
  // LangSmith records the calls of a batch, of which there is one.
  const messages = Array.isArray(given) && given.length === 1 && Array.isArray(given[0]) ? given[0] : given;
  if (isMessageList(messages)) return { input: messages as Json, ...rest };
  const [only, ...more] = Object.entries(request);
  if (only === undefined || more.length > 0 || !TEXT_KEYS.includes(only[0])) return {};
  return typeof only[1] === 'string' || isMessageList(only[1]) ? { input: only[1] } : {};
}

function answerIn(value: Json | undefined): Json | undefined {
  if (typeof value === 'string' && value !== '') return value;
  const list = isJsonObject(value) ? value.messages : value;
  if (isMessageList(list)) return lastReply(list as readonly Json[]);
  if (!isJsonObject(value)) return undefined;
  const [only, ...more] = Object.values(value);
  if (more.length > 0 || only === undefined) return value;
  return isMessageList([only]) ? lastReply([only]) : only;
}

function lastReply(list: readonly Json[]): string | undefined {
  const messages = list.map(readMessage).flatMap((read) => (read.ok ? read.messages : []));
  return messages.findLast(({ role }) => role === 'assistant')?.content || undefined;
}
