import type { AssistantMessage, Message } from '../../core/message.ts';
import type { PreferencePair } from '../exporter.ts';

export type Divergence =
  | {
      readonly ok: true;
      readonly prompt: readonly Message[];
      readonly chosen: AssistantMessage;
      readonly rejected: AssistantMessage;
    }
  | { readonly ok: false; readonly reason: string };

/**
 * Narrows a pair to the one turn in which the two trajectories part, for formats that compare single messages: the turns
 * that both have in common become part of the prompt. When they part in what a tool answered, no decision of the model
 * made the difference, and there is nothing to prefer.
 */
export function firstDifference(pair: PreferencePair): Divergence {
  const { chosen, rejected } = pair;
  let common = 0;
  while (common < chosen.length && common < rejected.length && same(chosen[common], rejected[common])) common++;
  const better = chosen[common];
  const worse = rejected[common];
  if (better?.role !== 'assistant' || worse?.role !== 'assistant') {
    return { ok: false, reason: 'the answers part in a tool result' };
  }
  return { ok: true, prompt: [...pair.prompt, ...chosen.slice(0, common)], chosen: better, rejected: worse };
}

/** Call ids are drawn anew in every rollout, so they do not tell two turns apart. */
function same(a: Message | undefined, b: Message | undefined): boolean {
  return JSON.stringify(a, ignoreIds) === JSON.stringify(b, ignoreIds);
}

function ignoreIds(key: string, value: unknown): unknown {
  return key === 'id' || key === 'tool_call_id' || key === 'reasoning_content' ? undefined : value;
}
