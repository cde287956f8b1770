import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { messageOf } from '../core/errors.ts';
import type { Message, ToolCall, ToolDefinition } from '../core/message.ts';
import type { Prompt } from '../core/prompt.ts';
import { recordedToolCalls, type Task } from '../core/task.ts';
import type { ChatReply } from '../models/model.ts';
import type { Agent, AgentContext, AgentResult, ToolResult } from './agent.ts';
import { wellFormed } from './chat/conversation.ts';
import { checkPrompt, type RenderedPrompt, renderPrompt } from './chat/render.ts';
import { createReplay, definitionsOf } from './chat/replay.ts';
import { definitionOf, errorResult, executeTool, loadTools, type Toolbox } from './chat/tools.ts';
import { agentFailure } from './shared/result.ts';

export const options = z.strictObject({
  /** Constant values of `{{placeholders}}`. */
  variables: z.record(z.string(), z.string()).default({}),
  /** Path of an ES module that exports the tools, relative to the config file. */
  tools: z.string().optional(),
  /**
   * Whether recorded tool calls answer instead of the tools: `auto` for tasks with recorded calls
   * (`metadata.tool_calls`), `always`, or `never`.
   */
  replay: z.enum(['auto', 'always', 'never']).default('auto'),
  /** Most model calls in one rollout. */
  maxTurns: z.int().min(1).default(8),
  /** Most tool calls in one rollout; a reply that asks for more ends it. */
  maxToolCalls: z.int().min(0).default(32),
});

type Options = z.infer<typeof options>;

/**
 * A chat loop: system prompt, the task's context, its input as the user message (always, also when the prompt itself
 * contains `{{input}}`), then model and tool turns until the model answers. Tool calls run one after the other.
 */
export default async function createChatAgent(given: Options, { folder }: PluginContext): Promise<Agent> {
  const { variables, maxTurns, maxToolCalls } = given;
  const toolbox = given.tools === undefined ? undefined : await loadTools(given.tools, folder);

  return {
    identity: {
      agent: 'chat',
      variables,
      tools: toolbox?.sourceHash ?? null,
      replay: given.replay,
      maxTurns,
      maxToolCalls,
    },

    toolNames: [...(toolbox?.tools.keys() ?? [])],

    validate(prompt: Prompt, tasks: readonly Task[] = []): void {
      checkPrompt(prompt, variables, toolbox === undefined ? undefined : [...toolbox.tools.keys()]);
      for (const task of tasks) renderPrompt(prompt, task, variables);
    },

    toolsOf(prompt: Prompt, task: Task): readonly ToolDefinition[] {
      const { toolDescriptions } = renderPrompt(prompt, task, variables);
      return describeTools(createToolSet(task, given.replay, toolbox).definitions, toolDescriptions);
    },

    async run(prompt: Prompt, task: Task, context: AgentContext): Promise<AgentResult> {
      let rendered: RenderedPrompt;
      try {
        rendered = renderPrompt(prompt, task, variables);
      } catch (error) {
        return agentFailure(messageOf(error));
      }
      const tools = createToolSet(task, given.replay, toolbox);
      const definitions = describeTools(tools.definitions, rendered.toolDescriptions);
      const messages: Message[] = [];
      if (rendered.system.trim() !== '') messages.push({ role: 'system', content: rendered.system });
      messages.push(...wellFormed(task.context), { role: 'user', content: task.input });

      const ids = new Set<string>();
      for (let turn = 1; turn <= maxTurns; turn++) {
        const reply = await context.chat([...messages], definitions.length > 0 ? definitions : undefined);
        const ended = endOf(reply);
        if (ended !== undefined) return ended;
        const calls = reply.toolCalls.map((call) => withUniqueId(call, ids));
        if (ids.size > maxToolCalls) {
          return agentFailure(`asked for ${ids.size} tool calls, the limit is ${maxToolCalls}`, reply.content);
        }
        messages.push({ role: 'assistant', content: reply.content, tool_calls: calls });
        for (const call of calls) {
          const result = await context.tool(call, () => tools.call(call, context.signal));
          messages.push({
            role: 'tool',
            tool_call_id: call.id,
            name: call.function.name,
            content: result.content,
            ...(result.isError ? { is_error: true } : {}),
          });
        }
      }
      return agentFailure(`still calling tools after ${maxTurns} turns`);
    },
  };
}

type ToolSet = {
  readonly definitions: readonly ToolDefinition[];
  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult>;
};

function createToolSet(task: Task, mode: Options['replay'], toolbox: Toolbox | undefined): ToolSet {
  const recorded = recordedToolCalls(task);
  const isReplayed = mode === 'always' || (mode === 'auto' && Array.isArray(task.metadata.tool_calls));
  const replay = isReplayed ? createReplay(recorded) : undefined;
  const known = toolbox?.tools;
  const synthesised = known === undefined && isReplayed ? definitionsOf(recorded) : [];
  return {
    definitions: known === undefined ? synthesised : [...known.values()].map(definitionOf),
    async call(call, signal) {
      if (replay !== undefined) return replay.answer(call);
      const tool = known?.get(call.function.name);
      if (tool === undefined) return errorResult(`there is no tool "${call.function.name}"`);
      return executeTool(tool, call, signal);
    },
  };
}

function describeTools(
  definitions: readonly ToolDefinition[],
  descriptions: RenderedPrompt['toolDescriptions'],
): readonly ToolDefinition[] {
  return definitions.map((definition) => {
    const { name } = definition.function;
    if (!Object.hasOwn(descriptions, name)) return definition;
    return { ...definition, function: { ...definition.function, description: descriptions[name] ?? '' } };
  });
}

/** The result when the reply ends the rollout; undefined when tools are to be called. */
function endOf(reply: ChatReply): AgentResult | undefined {
  const answer = reply.content;
  switch (reply.finishReason) {
    case 'refusal':
    case 'content_filter':
      return { status: 'refused', answer, failure: null };
    case 'length':
      return { status: 'truncated', answer, failure: null };
    default:
      if (reply.toolCalls.length > 0) return undefined;
      return answer.trim() === '' ? agentFailure('the answer is empty') : { status: 'ok', answer, failure: null };
  }
}

/** Providers reject a conversation in which two calls share an id; some models repeat or omit them. */
function withUniqueId(call: ToolCall, taken: Set<string>): ToolCall {
  const id = call.id !== '' && !taken.has(call.id) ? call.id : freeId(taken);
  taken.add(id);
  return { ...call, id };
}

function freeId(taken: ReadonlySet<string>): string {
  let number = taken.size + 1;
  while (taken.has(`call_${number}`)) number++;
  return `call_${number}`;
}
