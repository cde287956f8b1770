import type { AssistantMessage, Message, ToolDefinition, ToolMessage } from '../core/message.ts';
import type { Exporter, Rendered, RenderOptions, ThinkingMode, TrainingSample } from './exporter.ts';
import { rows } from './exporter.ts';
import { plainCall, splitSystem, taggedJson, textWithThinking, toolsJson } from './shared/render.ts';

/** Function calling in the manner of Hermes (NousResearch): calls and results as XML tags in the text of the turns. */
export default function hermesExporter(): Exporter {
  return { name: 'hermes', files: ['jsonl', 'json'], thinking: ['drop', 'tag'], sft };
}

type Turn = { readonly from: 'system' | 'human' | 'gpt' | 'tool'; readonly value: string };

function sft(sample: TrainingSample, { thinking }: RenderOptions): Rendered {
  const { system, turns } = splitSystem(sample.messages);
  const prompt = [sample.tools.length === 0 ? '' : toolPrompt(sample.tools), system].filter((text) => text !== '');
  const conversations: Turn[] = prompt.length === 0 ? [] : [{ from: 'system', value: prompt.join('\n\n') }];
  for (const group of grouped(turns)) conversations.push(turnOf(group, thinking));
  return rows({
    id: sample.id,
    conversations,
    tools: JSON.stringify(toolsJson(sample.tools)),
    category: typeof sample.meta.category === 'string' ? sample.meta.category : '',
    subcategory: '',
    task: '',
  });
}

/** The wording of the public data set, so that a model tuned on both sees one prompt. */
function toolPrompt(tools: readonly ToolDefinition[]): string {
  return [
    'You are a function calling AI model. You are provided with function signatures within <tools></tools> XML tags.',
    'You may call one or more functions to assist with the user query.',
    "Don't make assumptions about what values to plug into functions. Here are the available tools:",
    `<tools>${JSON.stringify(toolsJson(tools))}</tools>`,
    'For each function call return a json object with function name and arguments within',
    '<tool_call></tool_call> XML tags as follows:\n<tool_call>\n{"name": <function-name>, "arguments": <args-dict>}\n</tool_call>',
  ].join(' ');
}

/** Results of one block of calls stand together. */
function grouped(turns: readonly Message[]): readonly (readonly [Message, ...Message[]])[] {
  const groups: [Message, ...Message[]][] = [];
  for (const message of turns) {
    const last = groups.at(-1);
    if (message.role === 'tool' && last?.[0].role === 'tool') last.push(message);
    else groups.push([message]);
  }
  return groups;
}

function turnOf(group: readonly [Message, ...Message[]], thinking: ThinkingMode): Turn {
  const [message] = group;
  if (message.role === 'assistant') return { from: 'gpt', value: assistantText(message, thinking) };
  if (message.role === 'tool') {
    return {
      from: 'tool',
      value: group.flatMap((result) => (result.role === 'tool' ? [response(result)] : [])).join('\n'),
    };
  }
  return { from: 'human', value: message.content };
}

function assistantText(message: AssistantMessage, thinking: ThinkingMode): string {
  const calls = (message.tool_calls ?? []).map((call) => `<tool_call>\n${taggedJson(plainCall(call))}\n</tool_call>`);
  return [textWithThinking(message, thinking), ...calls].filter((text) => text !== '').join('\n');
}

function response(result: ToolMessage): string {
  return `<tool_response>\n${taggedJson({ name: result.name ?? '', content: result.content })}\n</tool_response>`;
}
