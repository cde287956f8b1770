import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { textOf } from '../facts.ts';
import { argumentsToJson, type GenAiMessage, type GenAiPart } from '../shared/genai.ts';

/** OpenAI's two wire formats as GenAI messages. Foreign shapes are tolerated: what is not understood is left out. */
export type Conversation = {
  readonly system: readonly string[];
  readonly messages: readonly GenAiMessage[];
};

/** `messages` of chat completions. Leading system texts become instructions, later ones stay where they are. */
export function chatConversation(given: unknown): Conversation {
  const list = Array.isArray(given) ? given.filter(isJsonObject) : [];
  return split(list.map(chatMessage));
}

export function chatMessage(message: JsonObject): GenAiMessage {
  const role = message.role === 'developer' ? 'system' : textOf(message.role);
  if (role === 'tool' || role === 'function') {
    const id = textOf(message.tool_call_id ?? message.name);
    return { role: 'tool', parts: [{ type: 'tool_call_response', id, response: contentText(message.content) }] };
  }
  const thinking = textOf(message.reasoning_content ?? message.reasoning);
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls.filter(isJsonObject) : [];
  return {
    role,
    parts: [
      ...(thinking === '' ? [] : [{ type: 'reasoning', content: thinking } as const]),
      ...contentParts(message.content),
      ...(typeof message.refusal === 'string' ? [{ type: 'text', content: message.refusal } as const] : []),
      ...calls.map(toolCallPart),
    ],
  };
}

function toolCallPart(call: JsonObject): GenAiPart {
  const body = [call.function, call.custom].find(isJsonObject) ?? {};
  const raw = textOf(body.arguments ?? body.input);
  return { type: 'tool_call', id: textOf(call.id), name: textOf(body.name), arguments: argumentsToJson(raw) };
}

/** `input` and `instructions` of the responses API. */
export function responsesConversation(input: unknown, instructions: unknown): Conversation {
  const items: readonly Json[] = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input);
  const { system, messages } = split(items.filter(isJsonObject).flatMap(responsesItem));
  return { system: [...(typeof instructions === 'string' ? [instructions] : []), ...system], messages };
}

/** `output` of a response as one assistant message. */
export function responsesOutput(output: unknown, finishReason: string): GenAiMessage {
  const parts = listOf(output)
    .filter(isJsonObject)
    .flatMap((item) => responsesItem(item).flatMap((message) => message.parts));
  return { role: 'assistant', parts, finish_reason: finishReason };
}

/** An item of the responses API, or of the openai-agents package, which writes `callId` and `function_call_result`. */
function responsesItem(item: JsonObject): GenAiMessage[] {
  switch (item.type ?? 'message') {
    case 'message':
      return [
        {
          role: item.role === 'developer' ? 'system' : textOf(item.role ?? 'assistant'),
          parts: contentParts(item.content),
        },
      ];
    case 'reasoning': {
      const summary = listOf(item.summary).map(partText).join('\n');
      const content = listOf(item.content).map(partText).join('\n');
      const parts: GenAiPart[] = [
        ...(summary === '' ? [] : [{ type: 'reasoning', content: summary, summary: true } as const]),
        ...(content === '' ? [] : [{ type: 'reasoning', content } as const]),
      ];
      return parts.length === 0 ? [] : [{ role: 'assistant', parts }];
    }
    case 'function_call':
    case 'custom_tool_call': {
      const call = {
        id: item.call_id ?? item.callId ?? item.id ?? '',
        function: { name: item.name ?? '', arguments: item.arguments ?? item.input ?? '' },
      };
      return [{ role: 'assistant', parts: [toolCallPart(call)] }];
    }
    case 'function_call_output':
    case 'function_call_result':
    case 'custom_tool_call_output': {
      const id = textOf(item.call_id ?? item.callId);
      return [{ role: 'tool', parts: [{ type: 'tool_call_response', id, response: contentText(item.output) }] }];
    }
    default:
      return [];
  }
}

function split(messages: readonly GenAiMessage[]): Conversation {
  const first = messages.findIndex((message) => message.role !== 'system');
  const leading = first === -1 ? messages : messages.slice(0, first);
  return {
    system: leading.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'text' ? [part.content] : []))),
    messages: first === -1 ? [] : messages.slice(first),
  };
}

/** Text stays text; media are named by their kind and address, their bytes are left out. */
function contentParts(content: Json | undefined): GenAiPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }];
  return listOf(content)
    .filter(isJsonObject)
    .flatMap((part): GenAiPart[] => {
      const text = partText(part);
      if (text !== '') return [{ type: 'text', content: text }];
      return typeof part.type === 'string' ? [{ type: 'text', content: `[${mediaName(part)}]` }] : [];
    });
}

function mediaName(part: JsonObject): string {
  const image = isJsonObject(part.image_url) ? part.image_url.url : part.image_url;
  const address = typeof image === 'string' && !image.startsWith('data:') ? ` ${image}` : '';
  return `${textOf(part.type)}${address}`;
}

function partText(part: Json): string {
  if (typeof part === 'string') return part;
  return isJsonObject(part) ? textOf(part.text ?? part.refusal) : '';
}

function contentText(content: Json | undefined): string {
  if (Array.isArray(content)) return content.map((part: Json) => partText(part)).join('');
  return isJsonObject(content) && typeof content.text === 'string' ? content.text : textOf(content);
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
