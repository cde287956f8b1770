import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { ToolCall } from '../../core/message.ts';
import type { Usage } from '../../core/usage.ts';
import { type ChatReply, type ChatRequest, ModelError } from '../model.ts';

/**
 * Reads a chat completion of any OpenAI-compatible server. What such servers leave out (usage, id, model, finish reason) is
 * filled in; what they say in other ways (content as parts, arguments as objects, the old `function_call`) is normalised.
 * @throws ModelError `protocol` when there is no message in it.
 */
export function readReply(body: Json, request: ChatRequest): ChatReply {
  const choice = isJsonObject(body) && Array.isArray(body.choices) ? body.choices[0] : undefined;
  if (!isJsonObject(body) || !isJsonObject(choice) || !isJsonObject(choice.message)) {
    throw new ModelError('protocol', `the reply is no chat completion but ${describe(body)}`);
  }
  const { message } = choice;
  const refusal = textOf(message.refusal);
  const text = textOf(message.content) || refusal;
  const apart = thinkingOf(message);
  const { content, thinking } = apart === '' ? splitThinking(text) : { content: text, thinking: apart };
  const toolCalls = toolCallsOf(message, request.messages.length);
  const finishReason = refusal === '' ? finishReasonOf(choice.finish_reason, toolCalls) : 'refusal';
  return {
    content,
    thinking,
    toolCalls,
    finishReason,
    usage: usageOf(body.usage) ?? estimateUsage(request, content + thinking, toolCalls),
    model: typeof body.model === 'string' && body.model !== '' ? body.model : request.model,
    responseId: typeof body.id === 'string' ? body.id : '',
  };
}

/** The reply that stands for a request which the provider's content filter rejected as a whole (Azure: HTTP 400). */
export function filteredReply(request: ChatRequest, reason: string): ChatReply {
  return {
    content: reason,
    thinking: '',
    toolCalls: [],
    finishReason: 'content_filter',
    usage: { ...estimateUsage(request, '', []), output: 0 },
    model: request.model,
    responseId: '',
  };
}

function describe(body: Json): string {
  if (body === null) return 'null';
  if (Array.isArray(body)) return 'an array';
  return isJsonObject(body)
    ? `an object with ${Object.keys(body).slice(0, 5).join(', ') || 'no members'}`
    : typeof body;
}

/** A text, or the text parts of a list. Lone surrogates become U+FFFD: they would not survive a database. */
function textOf(content: Json | undefined): string {
  if (typeof content === 'string') return Buffer.from(content).toString();
  if (!Array.isArray(content)) return '';
  return content
    .map((part: Json) => {
      if (!isJsonObject(part)) return textOf(part);
      return textOf(part.text) || textOf(part.refusal);
    })
    .join('');
}

/** `reasoning_content` (vLLM, DeepSeek, Qwen), `reasoning` (Ollama, OpenRouter), thinking parts (Mistral). */
function thinkingOf(message: JsonObject): string {
  const parts = Array.isArray(message.content) ? message.content : [];
  return (
    textOf(message.reasoning_content) ||
    textOf(message.reasoning) ||
    parts.map((part: Json) => (isJsonObject(part) ? textOf(part.thinking) : '')).join('')
  );
}

/**
 * Servers without a parser for the model's thinking leave it in the text, where nobody wants it: not as an answer or a
 * prompt. Chat templates such as DeepSeek R1's end the request with `<think>`, so that only the closing tag is in the
 * reply: without the opening one it counts on a line of its own, as these models write it.
 */
function splitThinking(text: string): { readonly content: string; readonly thinking: string } {
  const [before = '', ...rest] = text.split('</think>');
  const after = rest.join('</think>');
  const isOpened = /^\s*<think>/.test(before);
  const isAlone = !before.includes('<think>') && /(^|\n)$/.test(before) && /^[^\S\n]*\n/.test(after);
  if (rest.length === 0 || !(isOpened || isAlone)) return { content: text, thinking: '' };
  return { content: after.trimStart(), thinking: before.replace(/^\s*<think>/, '').trim() };
}

function toolCallsOf(message: JsonObject, turn: number): readonly ToolCall[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  const legacy = isJsonObject(message.function_call) ? [{ function: message.function_call }] : [];
  return (calls.length > 0 ? calls : legacy).flatMap((call: Json, index: number): ToolCall[] => {
    if (!isJsonObject(call) || !isJsonObject(call.function) || typeof call.function.name !== 'string') return [];
    // The turn makes an id that the server left out unique within the conversation.
    const id = typeof call.id === 'string' && call.id !== '' ? call.id : `call_${turn}_${index}`;
    const { name, arguments: given = '' } = call.function;
    return [
      {
        id,
        type: 'function',
        function: { name, arguments: typeof given === 'string' ? textOf(given) : JSON.stringify(given) },
      },
    ];
  });
}

const FINISH_REASONS: { readonly [said: string]: string } = {
  function_call: 'tool_calls',
  max_tokens: 'length',
  end_turn: 'stop',
  tool_use: 'tool_calls',
};

function finishReasonOf(said: Json | undefined, toolCalls: readonly ToolCall[]): string {
  if (typeof said !== 'string' || said === '') return toolCalls.length > 0 ? 'tool_calls' : 'stop';
  return Object.hasOwn(FINISH_REASONS, said) ? (FINISH_REASONS[said] ?? said) : said;
}

function usageOf(usage: Json | undefined): Usage | undefined {
  if (!isJsonObject(usage)) return undefined;
  const input = count(usage.prompt_tokens) ?? count(usage.input_tokens);
  const completion = count(usage.completion_tokens) ?? count(usage.output_tokens);
  if (input === undefined || completion === undefined) return undefined;
  const inputDetails = isJsonObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  const outputDetails = isJsonObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {};
  const reasoning = count(outputDetails.reasoning_tokens) ?? 0;
  // xAI counts reasoning beside the completion, OpenAI within it; the total tells.
  const beside = reasoning > 0 && count(usage.total_tokens) === input + completion + reasoning;
  return {
    input,
    output: beside ? completion + reasoning : completion,
    cached: Math.min(input, count(inputDetails.cached_tokens) ?? count(usage.prompt_cache_hit_tokens) ?? 0),
    reasoning,
    estimated: false,
  };
}

function count(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function estimateUsage(request: ChatRequest, text: string, toolCalls: readonly ToolCall[]): Usage {
  const sent = request.messages.reduce(
    (characters, message) =>
      characters +
      message.content.length +
      (message.role === 'assistant' ? JSON.stringify(message.tool_calls ?? '').length : 0),
    request.tools === undefined ? 0 : JSON.stringify(request.tools).length,
  );
  const received = toolCalls.reduce(
    (characters, call) => characters + call.function.name.length + call.function.arguments.length,
    text.length,
  );
  return { input: Math.ceil(sent / 4), output: Math.ceil(received / 4), cached: 0, reasoning: 0, estimated: true };
}
