import { hashOf } from '../../core/json.ts';
import { createRandom } from '../../core/random.ts';
import { findTask, SLIPS } from './agent.ts';
import { SCOPES } from './scopes.ts';
import { behaviourOf, scopeOf } from './tasks.ts';
import type { World } from './world.ts';

export type Judgement = {
  /** 0..1. */
  readonly score: number;
  readonly reason: string;
};

/** Grades the answer that the request shows. The reason names what is wrong, where it shows, and never how to repair it. */
export function judge(world: World, text: string, sample: number): Judgement {
  const random = createRandom('simulated', world.family, world.seed, 'judge', hashOf(text), sample);
  const task = findTask(world, text);
  const missed = world.rules.filter(({ scope, behaviour }) => {
    const label = scopeOf(scope)?.label ?? '';
    return (behaviourOf(behaviour)?.symptoms ?? []).some((symptom) => text.includes(`${label}: ${symptom}`));
  });
  const silent =
    task?.needs.filter((index) => text.includes(`${scopeOf(world.rules[index]?.scope)?.label}: noted.`)) ?? [];
  const slipped = SLIPS.some((slip) => text.includes(slip));
  const wrong = missed.length + silent.length;
  const off = wrong === 0 && !slipped && !(task === undefined ? isInStyle(text) : isAnswered(text, task.expected));
  const size = Math.max(task?.needs.length ?? wrong, wrong, 1);
  const fair = off ? 0.1 : slipped ? 0.2 : wrong === 0 ? 1 : 0.7 * (1 - wrong / size) + 0.1;
  const complaints = missed
    .filter(() => random.next() < world.values.visible)
    .map(
      ({ scope, behaviour }) => `${scopeOf(scope)?.label}: ${random.pick(behaviourOf(behaviour)?.complaints ?? [''])}.`,
    );
  if (random.next() < world.values.judgeNoise) {
    const score = fair >= 0.5 ? 0.2 : 0.9;
    return { score, reason: score > 0.5 ? 'This reads well.' : 'This does not convince.' };
  }
  if (fair === 1) return { score: 1, reason: 'The answer is right in all parts.' };
  if (off) return { score: fair, reason: 'The answer does not say what it should.' };
  return {
    score: fair,
    reason: complaints.length > 0 ? complaints.join(' ') : 'Some part of the answer is not as it should be.',
  };
}

const LABEL =
  /(expected|reference|gold|ground truth|correct|ideal)[\w _-]*|\b(?:answer|response|reply|output|assistant|agent|actual|submission|said)\b/gi;

/** Whether the expected answer stands in the request as the answer, and not only as the reference: its label tells. */
function isAnswered(text: string, expected: string): boolean {
  const parts = text.split(expected);
  return parts.slice(0, -1).some((before) => {
    const label = [...before.slice(-80).matchAll(LABEL)].at(-1);
    return label?.[1] === undefined;
  });
}

/** Of a task that is not of this world only the shape of an answer is known: a subject, a colon and what is done. */
function isInStyle(text: string): boolean {
  return SCOPES.some(({ label }) => text.includes(`${label}: `));
}
