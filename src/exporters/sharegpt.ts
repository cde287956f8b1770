import type { JsonObject } from '../core/json.ts';
import type { AssistantMessage, Message, ToolDefinition, ToolMessage } from '../core/message.ts';
import type {
  Exporter,
  LabelledSample,
  PreferencePair,
  Purpose,
  Rendered,
  RenderOptions,
  ThinkingMode,
  TrainingSample,
} from './exporter.ts';
import { rows, unfit } from './exporter.ts';
import { firstDifference } from './shared/divergence.ts';
import {
  functionJson,
  hasThinking,
  plainCall,
  splitSystem,
  taggedJson,
  textWithThinking,
  thinkTag,
} from './shared/render.ts';

/**
 * ShareGPT as LLaMA-Factory reads it (`converter.py`, v0). It drops a sample that breaks one of its rules with only a
 * log warning, so everything here is about keeping them: strict alternation, one turn for parallel calls and one for
 * their results, arguments as objects, tools as a JSON string.
 */
export default function sharegptExporter(): Exporter {
  return {
    name: 'sharegpt',
    files: ['json', 'jsonl'],
    thinking: ['drop', 'tag'],
    sft: (sample, options) => conversationRow(sample, options, {}),
    kto: (sample: LabelledSample, options) => conversationRow(sample, options, { kto_tag: sample.label }),
    dpo,
    describe,
  };
}

type Turn = { readonly from: 'human' | 'gpt' | 'function_call' | 'observation'; readonly value: string };

function conversationRow(sample: TrainingSample, { thinking }: RenderOptions, extra: JsonObject): Rendered {
  const { system, turns } = splitSystem(sample.messages);
  const conversations = turnsOf(turns, thinking);
  const fault = findMedia(conversations, system);
  if (fault !== undefined) return unfit(fault);
  return rows({ conversations, system, tools: toolsText(sample.tools), ...extra });
}

/** Preference rows compare one message: `conversations` ends with the user or a tool, and has an odd count. */
function dpo(pair: PreferencePair, { thinking }: RenderOptions): Rendered {
  const part = firstDifference(pair);
  if (!part.ok) return unfit(part.reason);
  const { system, turns } = splitSystem(part.prompt);
  const conversations = turnsOf(turns, thinking);
  const chosen = assistantTurn(part.chosen, thinking);
  const rejected = assistantTurn(part.rejected, thinking);
  const fault = findMedia([...conversations, chosen, rejected], system);
  if (fault !== undefined) return unfit(fault);
  return rows({ conversations, chosen, rejected, system, tools: toolsText(pair.tools) });
}

function turnsOf(messages: readonly Message[], thinking: ThinkingMode): readonly Turn[] {
  const turns: Turn[] = [];
  let results: ToolMessage[] = [];
  const closeResults = (): void => {
    if (results.length === 0) return;
    turns.push({ from: 'observation', value: results.map(({ content }) => content).join('\n') });
    results = [];
  };
  for (const message of messages) {
    if (message.role === 'tool') {
      results.push(message);
      continue;
    }
    closeResults();
    if (message.role === 'user') turns.push({ from: 'human', value: message.content });
    if (message.role === 'assistant') turns.push(assistantTurn(message, thinking));
  }
  closeResults();
  return turns;
}

/** Text beside a call is only allowed as a thought, so it is dropped together with the thinking, or tagged with it. */
function assistantTurn(message: AssistantMessage, thinking: ThinkingMode): Turn {
  const calls = (message.tool_calls ?? []).map(plainCall);
  if (calls.length === 0) return { from: 'gpt', value: textWithThinking(message, thinking) };
  const thought = [hasThinking(message) ? message.reasoning_content : '', message.content]
    .filter((text) => text.trim() !== '')
    .join('\n\n');
  const prefix = thinking === 'tag' && thought !== '' ? thinkTag(thought) : '';
  return { from: 'function_call', value: prefix + taggedJson(calls[1] === undefined ? (calls[0] ?? null) : calls) };
}

function toolsText(tools: readonly ToolDefinition[]): string {
  return tools.length === 0 ? '' : JSON.stringify(tools.map(functionJson).map(withProperties));
}

/** Its tool templates read `parameters.properties` without asking whether it is there. */
function withProperties(tool: JsonObject): JsonObject {
  return { ...tool, parameters: { type: 'object', properties: {}, ...(tool.parameters as JsonObject) } };
}

/** Placeholders for media must match the rows' media lists, and there are none in text-only conversations. */
function findMedia(turns: readonly Turn[], system: string): string | undefined {
  const found = [system, ...turns.map(({ value }) => value)].some((text) => /<(?:image|video|audio)>/.test(text));
  return found ? 'text contains a media placeholder' : undefined;
}

/** The entry of `dataset_info.json`. */
function describe(purpose: Purpose, fileName: string): JsonObject {
  const columns = { messages: 'conversations', system: 'system', tools: 'tools' };
  const common = { file_name: fileName, formatting: 'sharegpt' };
  if (purpose === 'dpo') {
    return { ...common, ranking: true, columns: { ...columns, chosen: 'chosen', rejected: 'rejected' } };
  }
  if (purpose === 'kto') return { ...common, columns: { ...columns, kto_tag: 'kto_tag' } };
  return { ...common, columns };
}
