import { hashOf } from '../../core/json.ts';
import type { TrainingSample } from '../exporter.ts';
import { createSeen } from './scratch.ts';
import { findFault } from './validate.ts';

export type Beginnings = {
  /** Whether a longer conversation of the same session begins with this one. */
  has(sample: TrainingSample): boolean;
  close(): void;
};

/**
 * The conversations that others of the same session go on from. Each turn of a session is recorded with what was said
 * before it, so that learning from all of them is learning the first answers again and again. A longer conversation that
 * is no sound example takes nothing out.
 */
export async function findBeginnings(samples: AsyncIterable<TrainingSample>): Promise<Beginnings> {
  const seen = createSeen();
  for await (const sample of samples) {
    if (findFault(sample.messages) === undefined) for (const hash of answersOf(sample).slice(0, -1)) seen.add(hash);
  }
  return {
    has(sample) {
      const whole = answersOf(sample).at(-1);
      return whole !== undefined && seen.has(whole);
    },
    close: () => seen.close(),
  };
}

/** One hash for each answer: of the session and of all that people and the agent said up to it. */
function answersOf({ messages, sessionHash }: TrainingSample): readonly string[] {
  const hashes: string[] = [];
  let hash = sessionHash;
  for (const { role, content } of messages) {
    if ((role !== 'user' && role !== 'assistant') || content === '') continue;
    hash = hashOf([hash, role, content]);
    if (role === 'assistant') hashes.push(hash);
  }
  return hashes;
}
