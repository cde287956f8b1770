import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { textOf } from '../facts.ts';
import type { GenAiMessage } from '../shared/genai.ts';
import type { Attributes } from '../span.ts';
import {
  type Conversation,
  chatConversation,
  chatMessage,
  responsesConversation,
  responsesOutput,
} from './messages.ts';

/** What a finished (or broken off) reply says. */
export type Outcome = {
  readonly attributes: Attributes;
  readonly messages: readonly GenAiMessage[];
  readonly responseId: string;
};

/** Puts a reply together from the events of a stream. */
export type Collector = {
  add(event: unknown): void;
  /** What has arrived so far, in the shape of a whole reply. */
  result(): JsonObject;
  /** Whether the model has said that it is done: a connection that is cut may look like an end. */
  isWhole(): boolean;
};

/** One of OpenAI's two endpoints: how its requests and replies are read. */
export type Endpoint = {
  readonly conversation: (request: JsonObject) => Conversation;
  readonly outcome: (reply: JsonObject) => Outcome;
  readonly collect: () => Collector;
};

export const CHAT: Endpoint = {
  conversation: (request) => chatConversation(request.messages),
  outcome(reply) {
    const choices = objects(reply.choices);
    const usage = isJsonObject(reply.usage) ? reply.usage : {};
    return {
      responseId: textOf(reply.id),
      messages: choices.map(({ message, finish_reason }) => ({
        ...chatMessage(isJsonObject(message) ? message : {}),
        role: 'assistant',
        finish_reason: textOf(finish_reason),
      })),
      attributes: {
        ...responseAttributes(
          reply,
          choices.map((choice) => textOf(choice.finish_reason)),
        ),
        ...usageAttributes(usage, 'prompt_tokens', 'completion_tokens'),
      },
    };
  },
  collect: collectChat,
};

export const RESPONSES: Endpoint = {
  conversation: (request) => responsesConversation(request.input, request.instructions),
  outcome(reply) {
    const output = objects(reply.output);
    const calls = output.some((item) => item.type === 'function_call' || item.type === 'custom_tool_call');
    const cut = isJsonObject(reply.incomplete_details) ? textOf(reply.incomplete_details.reason) : '';
    const finish = cut === 'max_output_tokens' ? 'length' : cut || (calls ? 'tool_calls' : 'stop');
    return {
      responseId: textOf(reply.id),
      messages: [responsesOutput(output, finish)],
      attributes: {
        ...responseAttributes(reply, [finish]),
        ...usageAttributes(isJsonObject(reply.usage) ? reply.usage : {}, 'input_tokens', 'output_tokens'),
      },
    };
  },
  collect: collectResponse,
};

export function requestAttributes(request: JsonObject, provider: string, system: readonly string[]): Attributes {
  const tools = objects(request.tools).map((tool) => ({
    type: 'function',
    ...(isJsonObject(tool.function) ? tool.function : tool),
  }));
  const number = (key: string): Json | undefined => (typeof request[key] === 'number' ? request[key] : undefined);
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': textOf(request.model),
    'gen_ai.request.temperature': number('temperature'),
    'gen_ai.request.top_p': number('top_p'),
    'gen_ai.request.seed': number('seed'),
    'gen_ai.request.max_tokens': number('max_completion_tokens') ?? number('max_output_tokens') ?? number('max_tokens'),
    'gen_ai.request.choice.count': number('n'),
    'gen_ai.request.stream': request.stream === true ? true : undefined,
    'gen_ai.system_instructions':
      system.length === 0 ? undefined : JSON.stringify(system.map((content) => ({ type: 'text', content }))),
    'gen_ai.tool.definitions': tools.length === 0 ? undefined : JSON.stringify(tools),
  };
}

function responseAttributes(reply: JsonObject, finishReasons: readonly string[]): Attributes {
  const reasons = finishReasons.filter((reason) => reason !== '');
  return {
    'gen_ai.response.id': textOf(reply.id) || undefined,
    'gen_ai.response.model': textOf(reply.model) || undefined,
    'gen_ai.response.finish_reasons': reasons.length === 0 ? undefined : reasons,
  };
}

function usageAttributes(usage: JsonObject, input: string, output: string): Attributes {
  const details = (key: string): JsonObject => (isJsonObject(usage[key]) ? (usage[key] as JsonObject) : {});
  const side = (name: string): string => name.replace(/s$/, '_details').replace('_token_details', '_tokens_details');
  return {
    'gen_ai.usage.input_tokens': usage[input],
    'gen_ai.usage.output_tokens': usage[output],
    'gen_ai.usage.cache_read.input_tokens': details(side(input)).cached_tokens,
    'gen_ai.usage.reasoning.output_tokens': details(side(output)).reasoning_tokens,
  };
}

function collectChat(): Collector {
  const choices = new Map<number, { message: Record<string, Json>; calls: Map<number, Call>; finish: Json }>();
  let head: JsonObject = {};
  let usage: Json = null;
  return {
    add(chunk) {
      if (!isJsonObject(chunk)) return;
      if (head.id === undefined) head = { id: chunk.id ?? '', model: chunk.model ?? '' };
      if (isJsonObject(chunk.usage)) usage = chunk.usage;
      for (const { index, delta, finish_reason } of objects(chunk.choices)) {
        const number = typeof index === 'number' ? index : 0;
        const choice = choices.get(number) ?? { message: {}, calls: new Map<number, Call>(), finish: null };
        choices.set(number, choice);
        if (finish_reason !== undefined && finish_reason !== null) choice.finish = finish_reason;
        if (!isJsonObject(delta)) continue;
        for (const key of ['content', 'refusal', 'reasoning_content', 'reasoning'] as const) {
          if (typeof delta[key] === 'string') choice.message[key] = `${choice.message[key] ?? ''}${delta[key]}`;
        }
        for (const part of objects(delta.tool_calls)) addCall(choice.calls, part);
      }
    },
    isWhole: () => choices.size > 0 && [...choices.values()].every(({ finish }) => finish !== null),
    result: () => ({
      ...head,
      usage,
      choices: [...choices].map(([index, { message, calls, finish }]) => ({
        index,
        finish_reason: finish,
        message: {
          role: 'assistant',
          ...message,
          tool_calls: [...calls.values()].map(({ id, name, text }) => ({ id, function: { name, arguments: text } })),
        },
      })),
    }),
  };
}

type Call = { id: string; name: string; text: string };

function addCall(calls: Map<number, Call>, part: JsonObject): void {
  const index = typeof part.index === 'number' ? part.index : calls.size;
  const call = calls.get(index) ?? { id: '', name: '', text: '' };
  const piece = isJsonObject(part.function) ? part.function : {};
  calls.set(index, {
    id: call.id || textOf(part.id),
    name: call.name + textOf(piece.name),
    text: call.text + textOf(piece.arguments),
  });
}

/** The terminal event carries the whole response; until it comes, the text is put together from its pieces. */
function collectResponse(): Collector {
  let whole: JsonObject | undefined;
  let started: JsonObject = {};
  let text = '';
  return {
    add(event) {
      if (!isJsonObject(event)) return;
      if (/^response\.(completed|incomplete|failed)$/.test(textOf(event.type)) && isJsonObject(event.response)) {
        whole = event.response;
      } else if (event.type === 'response.created' && isJsonObject(event.response)) started = event.response;
      else if (event.type === 'response.output_text.delta') text += textOf(event.delta);
    },
    isWhole: () => whole !== undefined,
    result: () => whole ?? { ...started, output: [{ type: 'message', role: 'assistant', content: text }] },
  };
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
