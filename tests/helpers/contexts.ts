import type { AgentContext, ToolResult } from '../../src/agents/agent.ts';
import { createEnvironment } from '../../src/config/environment.ts';
import type { PluginContext } from '../../src/config/plugin.ts';
import type { Json } from '../../src/core/json.ts';
import type { Message, ToolCall, ToolDefinition } from '../../src/core/message.ts';
import type { Rollout } from '../../src/core/rollout.ts';
import type { Task } from '../../src/core/task.ts';
import { NO_USAGE } from '../../src/core/usage.ts';
import type { GraderChatOptions, GraderContext } from '../../src/graders/grader.ts';
import type { ChatReply } from '../../src/models/model.ts';
import { makeTask } from './task.ts';

export function taskOf(parts: Partial<Task> = {}): Task {
  return makeTask('What is six times seven?', { id: 'task-1', ...parts });
}

export function rolloutOf(answer: string, parts: Partial<GradedRollout> = {}): GradedRollout {
  return { status: 'ok', answer, events: [], ...parts };
}

type GradedRollout = Pick<Rollout, 'status' | 'answer' | 'events'>;

export function replyOf(content: string, parts: Partial<ChatReply> = {}): ChatReply {
  const finishReason = parts.toolCalls === undefined ? 'stop' : 'tool_calls';
  return { content, thinking: '', toolCalls: [], finishReason, usage: NO_USAGE, model: 'm', responseId: 'r', ...parts };
}

export function callOf(name: string, text: string, id = `call_${name}`): ToolCall {
  return { id, type: 'function', function: { name, arguments: text } };
}

export type Chat = { readonly messages: readonly Message[]; readonly tools: readonly ToolDefinition[] | undefined };

export type AgentRecording = AgentContext & {
  readonly chats: Chat[];
  readonly results: ToolResult[];
  readonly effects: { readonly name: string; readonly request: Json; readonly reply: Json }[];
};

/** An agent's context whose model answers by the script, one reply a call; tools and effects really run. */
export function agentContext(
  script: readonly ChatReply[] | ((chat: Chat, index: number) => ChatReply) = [],
  signal: AbortSignal = new AbortController().signal,
): AgentRecording {
  const chats: Chat[] = [];
  const results: ToolResult[] = [];
  const effects: AgentRecording['effects'] = [];
  return {
    signal,
    chats,
    results,
    effects,
    async chat(messages, tools) {
      signal.throwIfAborted();
      const chat = { messages: structuredClone(messages), tools };
      chats.push(chat);
      const reply = typeof script === 'function' ? script(chat, chats.length - 1) : script[chats.length - 1];
      if (reply === undefined) throw new Error(`no reply for call ${chats.length}`);
      return reply;
    },
    async tool(_call, execute) {
      const result = await execute();
      results.push(result);
      return result;
    },
    async effect(name, request, perform) {
      signal.throwIfAborted();
      const reply = await perform(signal);
      effects.push({ name, request, reply });
      return reply;
    },
  };
}

/** Answers everything from a recording, as a resumed run does; executing anything is an error. */
export function replayed(recording: AgentRecording, replies: readonly ChatReply[]): AgentContext {
  let chat = 0;
  let tool = 0;
  let effect = 0;
  return {
    signal: new AbortController().signal,
    chat: async () => replies[chat++] as ChatReply,
    tool: async () => recording.results[tool++] as ToolResult,
    effect: async () => recording.effects[effect++]?.reply as Json,
  };
}

export type GraderChat = { readonly messages: readonly Message[]; readonly options: GraderChatOptions | undefined };

/** A grader's context whose model answers by the script. */
export function graderContext(
  script: readonly ChatReply[] | ((chat: GraderChat) => ChatReply) = [],
): GraderContext & { readonly chats: GraderChat[] } {
  const chats: GraderChat[] = [];
  return {
    signal: new AbortController().signal,
    chats,
    async chat(messages, options) {
      const chat = { messages, options };
      chats.push(chat);
      const reply = typeof script === 'function' ? script(chat) : script[chats.length - 1];
      if (reply === undefined) throw new Error(`no reply for call ${chats.length}`);
      return reply;
    },
  };
}

export function pluginContext(folder = '.', variables: { readonly [name: string]: string } = {}): PluginContext {
  return {
    folder,
    environment: createEnvironment(variables),
    load: () => Promise.reject(new Error('nothing to load')),
  };
}
