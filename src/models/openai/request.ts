import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Message } from '../../core/message.ts';
import type { ChatRequest } from '../model.ts';

export type TokensField = 'max_completion_tokens' | 'max_tokens';

/** How one model of one server wants to be asked; learned from what it rejects (see `quirks.ts`). */
export type Dialect = {
  readonly tokensField: TokensField;
  /** How a reply schema is asked for: as a schema, as "some JSON", or in the prompt alone. */
  readonly format: 'json_schema' | 'json_object' | 'prompt';
  readonly temperature: boolean;
  readonly seed: boolean;
  /** False where the model's chat template knows no system messages: their text goes before the first user message. */
  readonly systemRole: boolean;
  /** True where users and assistants must take turns: messages of one role in a row are sent as one. */
  readonly turns: boolean;
  /** True for models that only stream; the reply is read when it is whole. */
  readonly stream: boolean;
};

/** The JSON body of the chat-completions call. Nothing of ours (`is_error`, thinking) is sent. */
export function bodyOf(request: ChatRequest, dialect: Dialect, extraBody: JsonObject): JsonObject {
  const { responseSchema: asked } = request;
  const isInPrompt = asked !== undefined && dialect.format !== 'json_schema';
  const plain = request.messages.map(wireMessage);
  const instructed = isInPrompt ? withInstruction(plain, asked.schema) : plain;
  const messages = dialect.systemRole ? instructed : withoutSystem(instructed);
  return {
    model: request.model,
    messages: dialect.turns ? inTurns(messages) : messages,
    stream: dialect.stream,
    ...(dialect.stream ? { stream_options: { include_usage: true } } : {}),
    ...(request.tools === undefined || request.tools.length === 0 ? {} : { tools: request.tools as Json }),
    ...(request.temperature === undefined || !dialect.temperature ? {} : { temperature: request.temperature }),
    ...(request.maxOutputTokens === undefined ? {} : { [dialect.tokensField]: request.maxOutputTokens }),
    ...(request.seed === undefined || !dialect.seed ? {} : { seed: request.seed }),
    ...(asked === undefined ? {} : formatOf(asked, dialect)),
    ...extraBody,
  };
}

function wireMessage(message: Message): JsonObject {
  const { role, content } = message;
  if (role === 'tool') {
    return { role, tool_call_id: message.tool_call_id, content, ...(message.name ? { name: message.name } : {}) };
  }
  if (role !== 'assistant' || message.tool_calls === undefined || message.tool_calls.length === 0) {
    return { role, content };
  }
  const calls = message.tool_calls.map(({ id, function: { name, arguments: text } }) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }));
  // As the API itself writes a turn without text; some servers reject an empty text.
  return { role, content: content === '' ? null : content, tool_calls: calls };
}

type AskedSchema = NonNullable<ChatRequest['responseSchema']>;

function formatOf({ name, schema }: AskedSchema, { format }: Dialect): JsonObject {
  if (format === 'json_schema') {
    return { response_format: { type: 'json_schema', json_schema: { name, schema, strict: isStrict(schema) } } };
  }
  return format === 'json_object' ? { response_format: { type: 'json_object' } } : {};
}

function withoutSystem(messages: readonly JsonObject[]): readonly JsonObject[] {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => String(content));
  const others = messages.filter(({ role }) => role !== 'system');
  const [first, ...rest] = others;
  if (system.length === 0) return others;
  return first?.role === 'user'
    ? [{ ...first, content: [...system, String(first.content)].join('\n\n') }, ...rest]
    : [{ role: 'user', content: system.join('\n\n') }, ...others];
}

function inTurns(messages: readonly JsonObject[]): readonly JsonObject[] {
  const turns: JsonObject[] = [];
  for (const message of messages) {
    const last = turns.at(-1);
    if (last !== undefined && last.role === message.role && isPlainText(last) && isPlainText(message)) {
      turns[turns.length - 1] = { ...last, content: `${String(last.content)}\n\n${String(message.content)}` };
    } else turns.push(message);
  }
  return turns;
}

function isPlainText({ role, content, tool_calls: calls }: JsonObject): boolean {
  return (role === 'user' || role === 'assistant') && typeof content === 'string' && calls === undefined;
}

/** Added to the system message, which every server accepts in first place only. */
function withInstruction(messages: readonly JsonObject[], schema: JsonObject): readonly JsonObject[] {
  const instruction = `Reply with one JSON object and nothing else. It must match this JSON schema:\n${JSON.stringify(schema)}`;
  const [first, ...others] = messages;
  return first?.role === 'system'
    ? [{ ...first, content: `${String(first.content)}\n\n${instruction}` }, ...others]
    : [{ role: 'system', content: instruction }, ...messages];
}

/** OpenAI's strict mode guarantees the shape, and rejects schemas with optional or additional members. */
function isStrict(schema: Json): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (!isJsonObject(schema)) return true;
  if (isJsonObject(schema.properties)) {
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    if (schema.additionalProperties !== false) return false;
    if (!Object.keys(schema.properties).every((name) => required.has(name))) return false;
  }
  return Object.values(schema).every(isStrict);
}
