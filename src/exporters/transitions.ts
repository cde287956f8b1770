import type { Exporter, Rendered, RenderOptions, TrainingSample } from './exporter.ts';
import { rows, unfit } from './exporter.ts';
import { chatMessages, toolsJson } from './shared/render.ts';

/**
 * `(state, action, reward)` for offline reinforcement learning: one row for each turn of the agent. The score of the
 * rollout is the reward of its last turn; the turns before it get 0.
 */
export default function transitionsExporter(): Exporter {
  return {
    name: 'transitions',
    files: ['jsonl', 'json'],
    thinking: ['drop', 'field', 'tag'],
    trajectory: transitions,
  };
}

function transitions(sample: TrainingSample, { thinking, strings }: RenderOptions): Rendered {
  if (sample.score === null) return unfit('no score');
  const score = sample.score;
  const chat = chatMessages(sample.messages, { thinking, arguments: strings ? 'string' : 'object', toolNames: true });
  const tools = toolsJson(sample.tools);
  const turns = sample.messages.flatMap((message, at) =>
    message.role === 'assistant' && at >= sample.answerAt ? [at] : [],
  );
  return rows(
    ...turns.map((at, step) => ({
      episode: sample.id,
      step,
      state: chat.slice(0, at),
      action: chat[at] ?? null,
      reward: step === turns.length - 1 ? score : 0,
      done: step === turns.length - 1,
      tools,
    })),
  );
}
