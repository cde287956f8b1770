import { hashOf } from '../../core/json.ts';
import type { TrainingSample } from '../exporter.ts';
import { promptOf } from './render.ts';

/** Best and worst scored answer to one question. */
export type Extremes = {
  readonly best: { readonly id: string; readonly score: number };
  readonly worst: { readonly id: string; readonly score: number };
};

/**
 * Two samples answer the same question when they ran the same task, or, where tasks are not known, when they have the
 * same messages before the answer.
 */
export function questionOf(sample: TrainingSample): string {
  return sample.source === 'rollout' ? sample.taskId : hashOf(promptOf(sample)).slice(0, 24);
}

/** Holds ids and scores only, so it grows with the number of questions and not with what was said. */
export function createExtremes(): { add(sample: TrainingSample): void; get(): ReadonlyMap<string, Extremes> } {
  const questions = new Map<string, Extremes>();
  return {
    add(sample) {
      if (sample.score === null) return;
      const answer = { id: sample.id, score: sample.score };
      const question = questionOf(sample);
      const known = questions.get(question);
      if (known === undefined) questions.set(question, { best: answer, worst: answer });
      // The first one stays at a tie: the order of a run's rollouts is fixed.
      else if (answer.score > known.best.score) questions.set(question, { ...known, best: answer });
      else if (answer.score < known.worst.score) questions.set(question, { ...known, worst: answer });
    },
    get: () => questions,
  };
}
