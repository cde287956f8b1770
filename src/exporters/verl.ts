import type { JsonObject } from '../core/json.ts';
import type { Exporter, ReferencedSample, Rendered, RenderOptions, TrainingSample } from './exporter.ts';
import { rows } from './exporter.ts';
import { chatMessages, promptOf, toolsJson } from './shared/render.ts';

/**
 * verl (volcengine): rows for reinforcement learning and for multi-turn supervised tuning. It hands `messages` and `tools`
 * to the chat template as they are read (0.9.1), so both are objects. Parquet unifies the fields of nested objects over
 * all rows; where arguments or schemas differ in their keys, shape.ts makes these, and nothing around them, JSON text.
 */
export default function verlExporter(): Exporter {
  return { name: 'verl', files: ['parquet', 'jsonl', 'json'], thinking: ['drop', 'field', 'tag'], sft, rft, place };
}

function sft(sample: TrainingSample, { thinking }: RenderOptions): Rendered {
  const messages = chatMessages(sample.messages, { thinking, arguments: 'object', toolNames: true });
  return rows({
    messages,
    // In every row: pandas reads a missing list as NaN, which no chat template takes.
    tools: toolsJson(sample.tools),
    ...(thinking === 'drop' ? {} : { enable_thinking: true }),
  });
}

function rft(sample: ReferencedSample, { thinking }: RenderOptions): Rendered {
  return rows({
    data_source: 'apo',
    prompt: chatMessages(promptOf(sample), { thinking, arguments: 'object' }),
    ability: typeof sample.meta.category === 'string' ? sample.meta.category : 'chat',
    reward_model: { style: 'rule', ground_truth: sample.reference },
    extra_info: { split: '', index: 0, id: sample.id, tools: JSON.stringify(toolsJson(sample.tools)) },
  });
}

/** verl calls its second file `test`. */
function place(
  row: JsonObject,
  { split, index }: { readonly split: 'train' | 'val'; readonly index: number },
): JsonObject {
  if (typeof row.extra_info !== 'object') return row;
  return { ...row, extra_info: { ...row.extra_info, split: split === 'val' ? 'test' : 'train', index } };
}
