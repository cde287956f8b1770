import type { JsonObject } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import type {
  Exporter,
  PreferencePair,
  ReferencedSample,
  Rendered,
  RenderOptions,
  ThinkingMode,
  TrainingSample,
} from './exporter.ts';
import { rows, unfit } from './exporter.ts';
import { firstDifference } from './shared/divergence.ts';
import { chatMessages, promptOf, toolsJson } from './shared/render.ts';

/**
 * The fine-tuning files of OpenAI, Azure, Together, Fireworks and Mistral: supervised, preference and reinforcement
 * tuning (openapi description of 2025-07). Arguments are strings, as on the wire.
 */
export default function openaiExporter(): Exporter {
  return {
    name: 'openai',
    files: ['jsonl'],
    thinking: ['drop', 'tag', 'field'],
    sft,
    dpo,
    rft,
  };
}

function sft(sample: TrainingSample, { thinking }: RenderOptions): Rendered {
  const messages = chat(sample.messages, thinking).map((message, index) =>
    message.role === 'assistant' && index < sample.answerAt ? { ...message, weight: 0 } : message,
  );
  return rows({ messages, ...toolKeys(sample) });
}

function dpo(pair: PreferencePair, { thinking }: RenderOptions): Rendered {
  const part = firstDifference(pair);
  if (!part.ok) return unfit(part.reason);
  return rows({
    input: { messages: chat(part.prompt, thinking), tools: toolsJson(pair.tools), parallel_tool_calls: true },
    preferred_output: chat([part.chosen], thinking),
    non_preferred_output: chat([part.rejected], thinking),
  });
}

/** Reinforcement tuning knows no system role; graders read every other key as `{{item.<key>}}`. */
function rft(sample: ReferencedSample, { thinking }: RenderOptions): Rendered {
  const messages = chatMessages(promptOf(sample), { thinking, arguments: 'string', systemRole: 'developer' });
  return rows({ messages, ...toolKeys(sample), reference_answer: sample.reference });
}

function toolKeys(sample: TrainingSample): JsonObject {
  return sample.tools.length === 0 ? {} : { tools: toolsJson(sample.tools) };
}

function chat(messages: readonly Message[], thinking: ThinkingMode): readonly JsonObject[] {
  return chatMessages(messages, { thinking, arguments: 'string' });
}
