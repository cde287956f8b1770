import type { JsonObject } from '../core/json.ts';
import type { Message, ToolDefinition } from '../core/message.ts';
import type {
  Exporter,
  LabelledSample,
  PreferencePair,
  ReferencedSample,
  Rendered,
  RenderOptions,
  TrainingSample,
} from './exporter.ts';
import { rows } from './exporter.ts';
import { answerOf, chatMessages, promptOf, toolsJson } from './shared/render.ts';

/**
 * Rows of Hugging Face TRL (1.10): SFTTrainer, DPOTrainer, KTOTrainer and GRPOTrainer. Arguments are objects, because
 * chat templates print them; Arrow unifies the fields of objects over all rows, so `strings` is there for mixed tools.
 */
export default function trlExporter(): Exporter {
  return {
    name: 'trl',
    files: ['jsonl', 'json'],
    thinking: ['drop', 'field', 'tag'],
    sft(sample: TrainingSample, options) {
      return rows({ messages: chat(sample.messages, options), ...toolKeys(sample.tools, options) });
    },
    dpo(pair: PreferencePair, options) {
      return rows({
        prompt: chat(pair.prompt, options),
        chosen: chat(pair.chosen, options),
        rejected: chat(pair.rejected, options),
        ...toolKeys(pair.tools, options),
      });
    },
    kto(sample: LabelledSample, options) {
      return rows({
        prompt: chat(promptOf(sample), options),
        completion: chat(answerOf(sample), options),
        label: sample.label,
        ...toolKeys(sample.tools, options),
      });
    },
    rft,
  };
}

/** A GRPO row: further columns reach the reward functions under their own names. */
function rft(sample: ReferencedSample, options: RenderOptions): Rendered {
  return rows({
    prompt: chat(promptOf(sample), options),
    reference_answer: sample.reference,
    ...toolKeys(sample.tools, options),
  });
}

function toolKeys(tools: readonly ToolDefinition[], { strings }: RenderOptions): JsonObject {
  if (tools.length === 0) return {};
  return { tools: strings ? JSON.stringify(toolsJson(tools)) : toolsJson(tools) };
}

function chat(messages: readonly Message[], { thinking, strings }: RenderOptions): readonly JsonObject[] {
  return chatMessages(messages, { thinking, arguments: strings ? 'string' : 'object', toolNames: true });
}
